// System calls by the table of names and arguments that the bundled tools use.
#include "drsyscall.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "core/context.h"
#include "drmgr.h"
#include "ext/drsyscall/memory_arguments.h"
#include "syscalls/names.h"

using weft::dynamorio::Context;
using weft::dynamorio::MemoryArgument;
using weft::tools::syscall_name;
using weft::tools::SyscallName;

/// A system call's description: constant.
struct _drsys_syscall_t {
  int number = 0;
  std::string name;
  std::string_view arguments;
};

namespace {

constexpr int kMost = 512;
constexpr std::array<reg_id_t, 6> kRegisters = {DR_REG_RDI, DR_REG_RSI, DR_REG_RDX,
                                                DR_REG_R10, DR_REG_R8,  DR_REG_R9};

using Table = std::array<drsys_syscall_t, kMost>;

Table make_table() {
  Table table;
  for (int number = 0; number < kMost; ++number) {
    const SyscallName known = syscall_name(static_cast<uint64_t>(number));
    drsys_syscall_t& each = table[static_cast<size_t>(number)];
    each.number = number;
    each.name = known.name;
    each.arguments = known.arguments;
  }
  return table;
}

Table& table() {
  static Table table = make_table();
  return table;
}

drsys_syscall_t* find(int number) {
  return number < 0 || number >= kMost ? nullptr : &table()[static_cast<size_t>(number)];
}

std::atomic<int>& users() {
  static std::atomic<int> users{0};
  return users;
}

/// The call that the thread is at; null: none.
const Context* at_call(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return context == nullptr || context->call == nullptr ? nullptr : context;
}

drsys_param_type_t type_of(char letter) {
  switch (letter) {
    case 'd':
    case 'a':
      return DRSYS_TYPE_SIGNED_INT;
    case 'z':
      return DRSYS_TYPE_SIZE_T;
    case 'p':
      return DRSYS_TYPE_POINTER;
    case 's':
      return DRSYS_TYPE_CSTRING;
    case 'b':
      return DRSYS_TYPE_CARRAY;
    default:
      return DRSYS_TYPE_UNSIGNED_INT;
  }
}

/// Whether the call reads or writes by the argument: what it points to, or itself.
drsys_param_mode_t mode_of(const drsys_syscall_t& call, int argument) {
  unsigned mode = 0;
  for (const MemoryArgument& range : weft::dynamorio::memory_arguments(call.number)) {
    if (range.argument == argument) mode |= range.written ? DRSYS_PARAM_OUT : DRSYS_PARAM_IN;
  }
  return mode == 0 ? DRSYS_PARAM_IN : static_cast<drsys_param_mode_t>(mode);
}

/// What every description of an argument or a range has.
drsys_arg_t common(drsys_syscall_t& call, const Context* context) {
  drsys_arg_t argument{};
  argument.syscall = &call;
  argument.sysnum = {call.number, 0};
  argument.drcontext = dr_get_current_drcontext();
  if (context != nullptr) {
    drsys_get_mcontext(argument.drcontext, &argument.mc);
    argument.valid = true;
    argument.pre = !context->call_is_over;
  }
  return argument;
}

/// The arguments, and the result as the last. Without a call: types alone.
void visit(drsys_syscall_t& call, const Context* context, drsys_iter_cb_t cb, void* user_data) {
  drsys_arg_t argument = common(call, context);
  argument.size = sizeof(reg_t);
  for (size_t i = 0; i < call.arguments.size() && i < kRegisters.size(); ++i) {
    argument.ordinal = static_cast<int>(i);
    argument.type = type_of(call.arguments[i]);
    argument.mode = mode_of(call, argument.ordinal);
    argument.reg = kRegisters[i];
    if (context != nullptr) argument.value = context->call->argument(argument.ordinal);
    argument.value64 = argument.value;
    if (!cb(&argument, user_data)) return;
  }
  argument.ordinal = -1;
  argument.type = DRSYS_TYPE_SIGNED_INT;
  argument.mode = DRSYS_PARAM_RETVAL;
  argument.reg = DR_REG_RAX;
  const bool has_result = context != nullptr && context->call_is_over;
  argument.value = has_result ? static_cast<reg_t>(context->call->result()) : 0;
  argument.value64 = argument.value;
  cb(&argument, user_data);
}

/// The counts that calls are given by address: the kernel puts another in their place, which may
/// be more than the memory is. Of the thread, by the arguments.
std::array<uint32_t, kRegisters.size()>& counts_before() {
  static thread_local std::array<uint32_t, kRegisters.size()> counts;
  return counts;
}

bool read_count(const Context& context, const MemoryArgument& range, uint32_t& count) {
  const auto* from = reinterpret_cast<const void*>(context.call->argument(range.count));
  return dr_safe_read(from, sizeof count, &count, nullptr);
}

bool note_counts(void* drcontext, int number) {
  const Context* const context = at_call(drcontext);
  if (context == nullptr) return true;
  for (const MemoryArgument& range : weft::dynamorio::memory_arguments(number)) {
    if (range.size != MemoryArgument::Size::kAtCount) continue;
    uint32_t& count = counts_before()[static_cast<size_t>(range.argument)];
    if (!read_count(*context, range, count)) count = 0;
  }
  return true;
}

/// How much of the program's memory there is; 0: none, or that cannot be told.
size_t bytes_of(const MemoryArgument& range, const Context& context, uint64_t start) {
  const bool ends_by_result = range.written && range.result_counts && context.call_is_over;
  if (ends_by_result) {
    const int64_t result = context.call->result();
    return result < 0 ? 0 : static_cast<size_t>(result) * range.number;
  }
  switch (range.size) {
    case MemoryArgument::Size::kConstant:
      return range.number;
    case MemoryArgument::Size::kArgument:
      return static_cast<size_t>(context.call->argument(range.count)) * range.number;
    case MemoryArgument::Size::kAtCount: {
      uint32_t bytes = 0;
      if (!read_count(context, range, bytes)) return 0;
      const uint32_t room = counts_before()[static_cast<size_t>(range.argument)];
      return context.call_is_over ? std::min(bytes, room) : bytes;
    }
    case MemoryArgument::Size::kString:
      break;
  }
  size_t length = 0;
  for (char letter = 'x'; letter != '\0'; ++length) {
    const auto* from = reinterpret_cast<const void*>(start + length);
    if (!dr_safe_read(from, 1, &letter, nullptr)) return 0;
  }
  return length;
}

/// What is read is shown before the call; what is written, before it and, if it succeeds, after.
void visit_memory(drsys_syscall_t& call, const Context& context,
                  std::span<const MemoryArgument> ranges, drsys_iter_cb_t cb, void* user_data) {
  const bool over = context.call_is_over;
  if (over && context.call->result() < 0) return;
  for (const MemoryArgument& range : ranges) {
    const uint64_t start = context.call->argument(range.argument);
    if (start == 0 || (over && !range.written)) continue;
    drsys_arg_t argument = common(call, &context);
    argument.ordinal = range.argument;
    argument.mode = range.written ? DRSYS_PARAM_OUT : DRSYS_PARAM_IN;
    const bool is_text = range.size == MemoryArgument::Size::kString;
    argument.type = is_text                                         ? DRSYS_TYPE_CSTRING
                    : range.size == MemoryArgument::Size::kAtCount  ? DRSYS_TYPE_SOCKADDR
                    : range.size == MemoryArgument::Size::kConstant ? DRSYS_TYPE_STRUCT
                                                                    : DRSYS_TYPE_CARRAY;
    argument.containing_type = DRSYS_TYPE_INVALID;
    argument.reg = DR_REG_NULL;
    argument.start_addr = reinterpret_cast<void*>(start);
    argument.size = bytes_of(range, context, start);
    if (argument.size != 0 && !cb(&argument, user_data)) return;
  }
}

}  // namespace

extern "C" {

drmf_status_t drsys_init(client_id_t, drsys_options_t* options) {
  if (options == nullptr || options->struct_size < sizeof(size_t)) {
    return DRMF_ERROR_INVALID_PARAMETER;
  }
  drmgr_init();
  if (users()++ != 0) return DRMF_WARNING_ALREADY_INITIALIZED;
  // Ahead of the clients' own events.
  drmgr_priority_t first{sizeof first, "drsyscall", nullptr, nullptr, -1000};
  drmgr_register_pre_syscall_event_ex(&note_counts, &first);
  return DRMF_SUCCESS;
}

drmf_status_t drsys_exit() {
  if (users() == 0) return DRMF_ERROR_NOT_INITIALIZED;
  if (--users() == 0) drmgr_unregister_pre_syscall_event(&note_counts);
  drmgr_exit();
  return DRMF_SUCCESS;
}

drmf_status_t drsys_filter_syscall(drsys_sysnum_t) { return DRMF_SUCCESS; }
drmf_status_t drsys_filter_all_syscalls() { return DRMF_SUCCESS; }

drmf_status_t drsys_name_to_syscall(const char* name, drsys_syscall_t** syscall) {
  if (name == nullptr || syscall == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  for (drsys_syscall_t& each : table()) {
    if (each.name != name) continue;
    *syscall = &each;
    return DRMF_SUCCESS;
  }
  return DRMF_ERROR_NOT_FOUND;
}

drmf_status_t drsys_number_to_syscall(drsys_sysnum_t sysnum, drsys_syscall_t** syscall) {
  drsys_syscall_t* const found = find(sysnum.number);
  if (syscall == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  if (found == nullptr || found->name.empty()) return DRMF_ERROR_NOT_FOUND;
  *syscall = found;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_name(drsys_syscall_t* syscall, const char** name) {
  if (syscall == nullptr || name == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *name = syscall->name.empty() ? "<unknown>" : syscall->name.c_str();
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_number(drsys_syscall_t* syscall, drsys_sysnum_t* sysnum) {
  if (syscall == nullptr || sysnum == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *sysnum = {syscall->number, 0};
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_type(drsys_syscall_t* syscall, drsys_syscall_type_t* type) {
  if (syscall == nullptr || type == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *type = DRSYS_SYSCALL_TYPE_KERNEL;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_is_known(drsys_syscall_t* syscall, bool* known) {
  if (syscall == nullptr || known == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *known = !syscall->name.empty();
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_succeeded(drsys_syscall_t* syscall, reg_t result, bool* success) {
  constexpr auto kLowestError = static_cast<reg_t>(-4095);
  if (syscall == nullptr || success == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *success = result < kLowestError;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_return_type(drsys_syscall_t* syscall, drsys_param_type_t* type) {
  if (syscall == nullptr || type == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *type = DRSYS_TYPE_SIGNED_INT;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_syscall_gateway(drsys_gateway_t* method) {
  if (method == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  *method = DRSYS_GATEWAY_SYSCALL;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_cur_syscall(void* drcontext, drsys_syscall_t** syscall) {
  const Context* const context = at_call(drcontext);
  if (syscall == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  if (context == nullptr) return DRMF_ERROR_INVALID_CALL;
  *syscall = find(static_cast<int>(context->call->number()));
  return *syscall == nullptr ? DRMF_ERROR_NOT_FOUND : DRMF_SUCCESS;
}

drmf_status_t drsys_cur_syscall_result(void* drcontext, bool* success, uint64* value,
                                       uint* error_code) {
  const Context* const context = at_call(drcontext);
  if (context == nullptr || !context->call_is_over) return DRMF_ERROR_INVALID_CALL;
  dr_syscall_result_info_t info{};
  info.size = sizeof info;
  info.use_errno = true;
  if (!dr_syscall_get_result_ex(drcontext, &info)) return DRMF_ERROR;
  if (success != nullptr) *success = info.succeeded;
  if (value != nullptr) *value = static_cast<uint64>(context->call->result());
  if (error_code != nullptr) {
    *error_code = info.succeeded ? 0 : static_cast<uint>(-context->call->result());
  }
  return DRMF_SUCCESS;
}

drmf_status_t drsys_pre_syscall_arg(void* drcontext, uint argnum, ptr_uint_t* value) {
  const Context* const context = at_call(drcontext);
  if (value == nullptr || argnum >= kRegisters.size()) return DRMF_ERROR_INVALID_PARAMETER;
  if (context == nullptr) return DRMF_ERROR_INVALID_CALL;
  *value = context->call->argument(static_cast<int>(argnum));
  return DRMF_SUCCESS;
}

drmf_status_t drsys_pre_syscall_arg64(void* drcontext, uint argnum, uint64* value) {
  ptr_uint_t word = 0;
  if (value == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  const drmf_status_t status = drsys_pre_syscall_arg(drcontext, argnum, &word);
  *value = word;
  return status;
}

drmf_status_t drsys_get_mcontext(void* drcontext, dr_mcontext_t** mc) {
  static thread_local dr_mcontext_t context;
  if (mc == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  context.size = sizeof context;
  context.flags = static_cast<dr_mcontext_flags_t>(DR_MC_INTEGER | DR_MC_CONTROL);
  if (!dr_get_mcontext(drcontext, &context)) return DRMF_ERROR_INVALID_CALL;
  *mc = &context;
  return DRMF_SUCCESS;
}

drmf_status_t drsys_iterate_syscalls(bool (*cb)(drsys_sysnum_t, drsys_syscall_t*, void*),
                                     void* user_data) {
  if (cb == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  for (drsys_syscall_t& each : table()) {
    if (!each.name.empty() && !cb({each.number, 0}, &each, user_data)) break;
  }
  return DRMF_SUCCESS;
}

drmf_status_t drsys_iterate_arg_types(drsys_syscall_t* syscall, drsys_iter_cb_t cb,
                                      void* user_data) {
  if (syscall == nullptr || cb == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  visit(*syscall, nullptr, cb, user_data);
  return DRMF_SUCCESS;
}

drmf_status_t drsys_iterate_args(void* drcontext, drsys_iter_cb_t cb, void* user_data) {
  drsys_syscall_t* call = nullptr;
  if (cb == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  const drmf_status_t status = drsys_cur_syscall(drcontext, &call);
  if (status != DRMF_SUCCESS) return status;
  visit(*call, at_call(drcontext), cb, user_data);
  return DRMF_SUCCESS;
}

drmf_status_t drsys_iterate_memargs(void* drcontext, drsys_iter_cb_t cb, void* user_data) {
  drsys_syscall_t* call = nullptr;
  if (cb == nullptr) return DRMF_ERROR_INVALID_PARAMETER;
  const drmf_status_t status = drsys_cur_syscall(drcontext, &call);
  if (status != DRMF_SUCCESS) return status;
  const auto ranges = weft::dynamorio::memory_arguments(call->number);
  // Calls without pointers need no description.
  if (ranges.empty() && call->arguments.find_first_of("psb") != std::string_view::npos &&
      !weft::dynamorio::takes_addresses_alone(call->number)) {
    return DRMF_ERROR_DETAILS_UNKNOWN;
  }
  visit_memory(*call, *at_call(drcontext), ranges, cb, user_data);
  return DRMF_SUCCESS;
}

}  // extern "C"
