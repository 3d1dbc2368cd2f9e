#include "ext/drwrap/wrap_context.h"

#include "core/context.h"
#include "core/machine_context.h"

using namespace weft::dynamorio;

extern "C" {

app_pc drwrap_get_drcontext(void* wrapcxt) {
  static_cast<void>(wrapcxt);
  return reinterpret_cast<app_pc>(Context::current());
}

app_pc drwrap_get_func(void* wrapcxt) {
  return reinterpret_cast<app_pc>(wrap_of(wrapcxt).call->function());
}

app_pc drwrap_get_retaddr(void* wrapcxt) {
  return reinterpret_cast<app_pc>(wrap_of(wrapcxt).call->return_address());
}

dr_mcontext_t* drwrap_get_mcontext(void* wrapcxt) {
  return drwrap_get_mcontext_ex(wrapcxt, DR_MC_ALL);
}

dr_mcontext_t* drwrap_get_mcontext_ex(void* wrapcxt, dr_mcontext_flags_t flags) {
  WrapContext& wrap = wrap_of(wrapcxt);
  wrap.registers.size = sizeof wrap.registers;
  wrap.registers.flags = flags;
  read_context(wrap.call->context(), wrap.registers);
  return &wrap.registers;
}

bool drwrap_set_mcontext(void* wrapcxt) {
  WrapContext& wrap = wrap_of(wrapcxt);
  write_context(wrap.registers, wrap.call->context());
  return true;
}

void* drwrap_get_arg(void* wrapcxt, int arg) {
  return arg < 0 ? nullptr : reinterpret_cast<void*>(wrap_of(wrapcxt).call->argument(arg));
}

bool drwrap_set_arg(void* wrapcxt, int arg, void* val) {
  WrapContext& wrap = wrap_of(wrapcxt);
  if (wrap.after || arg < 0) return false;
  wrap.call->set_argument(arg, reinterpret_cast<uint64_t>(val));
  return true;
}

void* drwrap_get_retval(void* wrapcxt) {
  WrapContext& wrap = wrap_of(wrapcxt);
  return wrap.after ? reinterpret_cast<void*>(wrap.call->result()) : nullptr;
}

bool drwrap_set_retval(void* wrapcxt, void* val) {
  WrapContext& wrap = wrap_of(wrapcxt);
  if (!wrap.after) return false;
  wrap.call->set_result(reinterpret_cast<uint64_t>(val));
  return true;
}

bool drwrap_skip_call(void* wrapcxt, void* retval, size_t stdcall_args_size) {
  WrapContext& wrap = wrap_of(wrapcxt);
  if (wrap.after || stdcall_args_size != 0) return false;
  wrap.call->skip(reinterpret_cast<uint64_t>(retval));
  return true;
}

drext_status_t drwrap_redirect_execution(void* wrapcxt) {
  if (wrapcxt == nullptr) return DREXT_ERROR_INCOMPATIBLE_STATE;
  WrapContext& wrap = wrap_of(wrapcxt);
  if (!wrap.after || wrap.redirected) return DREXT_ERROR_INCOMPATIBLE_STATE;
  wrap.redirected = true;
  write_context(wrap.registers, wrap.call->context());
  wrap.call->context().redirect(reinterpret_cast<weft::Address>(wrap.registers.pc));
  return DREXT_SUCCESS;
}

bool drwrap_is_redirect_requested(void* wrapcxt) {
  return wrapcxt != nullptr && wrap_of(wrapcxt).redirected;
}

}  // extern "C"
