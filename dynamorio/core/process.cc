// The client's options, the program's name and arguments, and the end of the process.
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/context.h"
#include "core/libraries.h"
#include "core/room.h"

using weft::dynamorio::Client;
using weft::dynamorio::Context;
using weft::dynamorio::Room;

namespace {

Client* client_of(client_id_t id) {
  Room* const room = Room::find();
  return room == nullptr ? nullptr : room->client(id);
}

const std::vector<std::string>& program_arguments() { return Room::get().process().arguments(); }

/// The client whose code called: of several, the first is named where nobody else is.
Client* first_client() { return client_of(0); }

/// For the caller's dr_get_error_code().
template <typename Value>
Value failed(Value value, dr_error_code_t error) {
  if (Context* const context = Context::current()) context->error = error;
  return value;
}

}  // namespace

extern "C" {

void* dr_standalone_init() { return GLOBAL_DCONTEXT; }
void dr_standalone_exit() {}
bool dr_running_under_dynamorio() { return Room::find() != nullptr; }
void dr_request_synchronized_exit() {}
bool dr_attached_midrun() { return false; }
bool dr_using_app_state(void*) { return false; }
void dr_switch_to_app_state(void*) {}
void dr_switch_to_app_state_ex(void*, dr_state_flags_t) {}
void dr_switch_to_dr_state(void*) {}
void dr_switch_to_dr_state_ex(void*, dr_state_flags_t) {}
bool dr_is_wow64() { return false; }
bool dr_create_memory_dump(dr_memory_dump_spec_t*) { return false; }

const char* dr_get_options(client_id_t client_id) {
  const Client* const client = client_of(client_id);
  return client == nullptr ? nullptr : client->options.c_str();
}

bool dr_get_option_array(client_id_t client_id, int* argc, const char*** argv) {
  Client* const client = client_of(client_id);
  if (client == nullptr) return false;
  *argc = static_cast<int>(client->argument_list.size());
  *argv = client->argument_list.data();
  return true;
}

const char* dr_get_client_path(client_id_t client_id) {
  const Client* const client = client_of(client_id);
  return client == nullptr ? nullptr : client->path.c_str();
}

byte* dr_get_client_base(client_id_t client_id) {
  const Client* const client = client_of(client_id);
  return client == nullptr ? nullptr : client->base;
}

bool dr_set_client_name(const char* name, const char* report_URL) {
  Client* const client = first_client();
  if (client == nullptr || name == nullptr) return false;
  client->name = name;
  client->report_to = report_URL == nullptr ? "" : report_URL;
  return true;
}

bool dr_set_client_version_string(const char* version) {
  Client* const client = first_client();
  if (client == nullptr || version == nullptr) return false;
  client->version = version;
  return true;
}

dr_error_code_t dr_get_error_code(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return static_cast<dr_error_code_t>(context == nullptr ? 0 : context->error);
}

int dr_num_app_args() { return static_cast<int>(program_arguments().size()); }

int dr_get_app_args(dr_app_arg_t* args_array, int args_count) {
  const std::vector<std::string>& words = program_arguments();
  if (args_count < static_cast<int>(words.size())) return failed(-1, DR_ERROR_INVALID_PARAMETER);
  for (const std::string& word : words) {
    args_array->start = const_cast<char*>(word.c_str());
    args_array->size = word.size() + 1;
    args_array->encoding = DR_APP_ARG_CSTR_COMPAT;
    ++args_array;
  }
  return static_cast<int>(words.size());
}

const char* dr_app_arg_as_cstring(dr_app_arg_t* app_arg, char* buf, int buf_size) {
  if (app_arg == nullptr || buf == nullptr) {
    return failed<const char*>(nullptr, DR_ERROR_INVALID_PARAMETER);
  }
  if (app_arg->size > static_cast<size_t>(buf_size)) {
    return failed<const char*>(nullptr, DR_ERROR_INSUFFICIENT_SPACE);
  }
  std::memcpy(buf, app_arg->start, app_arg->size);
  return buf;
}

const char* dr_get_application_name() {
  const std::string& path = Room::get().process().program();
  return path.c_str() + (path.rfind('/') + 1);
}

process_id_t dr_get_process_id() { return getpid(); }
process_id_t dr_get_process_id_from_drcontext(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return context == nullptr ? getpid() : context->process;
}
process_id_t dr_get_parent_id() { return getppid(); }

void dr_abort() { dr_abort_with_code(127); }
void dr_abort_with_code(int exit_code) { _exit(exit_code); }

void dr_exit_process(int exit_code) { Room::get().process().exit(exit_code); }

dr_auxlib_handle_t dr_load_aux_library(const char* name, byte** lib_start, byte** lib_end) {
  void* const handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return nullptr;
  const weft::Range range = weft::dynamorio::library_range(handle);
  if (lib_start != nullptr) *lib_start = reinterpret_cast<byte*>(range.start);
  if (lib_end != nullptr) *lib_end = reinterpret_cast<byte*>(range.end);
  return handle;
}

dr_auxlib_routine_ptr_t dr_lookup_aux_library_routine(dr_auxlib_handle_t lib, const char* name) {
  return reinterpret_cast<dr_auxlib_routine_ptr_t>(dlsym(lib, name));
}

bool dr_unload_aux_library(dr_auxlib_handle_t lib) { return dlclose(lib) == 0; }

}  // extern "C"
