// Going on elsewhere, from a clean call.
#include <utility>

#include "core/context.h"
#include "core/machine_context.h"
#include "core/room.h"

using namespace weft::dynamorio;

namespace {

/// Tells of the jump that a client makes the program do.
void tell_of_redirection(Context& context, const dr_mcontext_t& to) {
  const Events& events = Room::get().events();
  if (events.kernel_xfer.empty()) return;
  dr_mcontext_t from{};
  from.size = sizeof from;
  from.flags = DR_MC_ALL;
  read_context(context.thread->context(), from);
  dr_kernel_xfer_info_t info{};
  info.type = DR_XFER_CLIENT_REDIRECT;
  info.source_mcontext = &from;
  info.target_pc = to.pc;
  info.target_xsp = to.xsp;
  events.kernel_xfer.for_each([&](auto function) { function(&context, &info); });
}

}  // namespace

extern "C" bool dr_redirect_execution(dr_mcontext_t* context) {
  Context* const own = Context::current();
  if (own == nullptr || own->thread == nullptr) return false;
  if (context == nullptr || context->size != sizeof *context) return false;
  if ((context->flags & DR_MC_CONTROL) == 0) return false;
  tell_of_redirection(*own, *context);
  for (const auto& each : std::exchange(own->when_out, {})) each->run();
  weft::CallContext& program = own->thread->context();
  write_context(*context, program);
  program.redirect(reinterpret_cast<weft::Address>(context->pc));
  program.leave_call();
  __builtin_unreachable();
}
