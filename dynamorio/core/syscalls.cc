// System calls of the program, in their events.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>

#include "core/context.h"
#include "core/room.h"

namespace {

using weft::Register;
using weft::SystemCall;
using weft::dynamorio::Context;

constexpr int kParameters = 6;
constexpr int64 kLowestError = -4095;
constexpr std::array<Register, kParameters> kOrder = {
    Register::kRdi, Register::kRsi, Register::kRdx, Register::kR10, Register::kR8, Register::kR9};

SystemCall* call_of(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return context == nullptr ? nullptr : context->call;
}

bool is_error(int64 result) { return result < 0 && result >= kLowestError; }

}  // namespace

extern "C" {

reg_t dr_syscall_get_param(void* drcontext, int param_num) {
  SystemCall* const call = call_of(drcontext);
  if (call == nullptr || param_num < 0 || param_num >= kParameters) return 0;
  return call->argument(param_num);
}

void dr_syscall_set_param(void* drcontext, int param_num, reg_t new_value) {
  SystemCall* const call = call_of(drcontext);
  if (call == nullptr || param_num < 0 || param_num >= kParameters) return;
  if (Context::of(drcontext)->call_is_over) {
    // Of the call that dr_syscall_invoke_another() makes.
    call->thread().context().set(kOrder[static_cast<size_t>(param_num)], new_value);
  } else {
    call->set_argument(param_num, new_value);
  }
}

reg_t dr_syscall_get_result(void* drcontext) {
  SystemCall* const call = call_of(drcontext);
  return call == nullptr ? 0 : static_cast<reg_t>(call->result());
}

bool dr_syscall_get_result_ex(void* drcontext, dr_syscall_result_info_t* info) {
  SystemCall* const call = call_of(drcontext);
  if (call == nullptr || info == nullptr || info->size != sizeof *info) return false;
  const int64 result = call->result();
  info->succeeded = !is_error(result);
  info->value = static_cast<reg_t>(result);
  if (info->use_high) info->high = 0;
  if (info->use_errno) info->errno_value = is_error(result) ? static_cast<uint>(-result) : 0;
  return true;
}

void dr_syscall_set_result(void* drcontext, reg_t value) {
  SystemCall* const call = call_of(drcontext);
  if (call != nullptr) Context::of(drcontext)->set_result(static_cast<int64>(value));
}

bool dr_syscall_set_result_ex(void* drcontext, dr_syscall_result_info_t* info) {
  SystemCall* const call = call_of(drcontext);
  if (call == nullptr || info == nullptr || info->size != sizeof *info || info->use_high) {
    return false;
  }
  const auto value = static_cast<int64>(info->value);
  int64 result = value;
  if (!info->succeeded) {
    result = -static_cast<int64>(info->use_errno ? info->errno_value : info->value);
    if (!info->use_errno && is_error(value)) result = value;
  }
  Context::of(drcontext)->set_result(result);
  return true;
}

void dr_syscall_set_sysnum(void* drcontext, int new_num) {
  SystemCall* const call = call_of(drcontext);
  if (call == nullptr) return;
  if (Context::of(drcontext)->call_is_over) {
    call->thread().context().set(Register::kRax, static_cast<uint64>(new_num));
  } else {
    call->set_number(static_cast<uint64>(new_num));
  }
}

void dr_syscall_invoke_another(void* drcontext) {
  SystemCall* const call = call_of(drcontext);
  if (call != nullptr && Context::of(drcontext)->call_is_over) call->call_again();
}

reg_t dr_invoke_syscall_as_app(void*, int sysnum, int arg_count, ...) {
  std::array<long, kParameters> words{};
  va_list arguments;
  va_start(arguments, arg_count);
  for (int i = 0; i < arg_count && i < kParameters; ++i) {
    words[static_cast<size_t>(i)] = va_arg(arguments, long);
  }
  va_end(arguments);
  const long result = syscall(sysnum, words[0], words[1], words[2], words[3], words[4], words[5]);
  return static_cast<reg_t>(result == -1 ? -errno : result);
}

}  // extern "C"
