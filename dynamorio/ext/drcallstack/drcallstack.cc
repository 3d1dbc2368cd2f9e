#include "drcallstack.h"

#include "core/room.h"
#include "weft/stack.h"

using weft::FrameRegisters;
using weft::FrameTables;

struct _drcallstack_walk_t {
  FrameRegisters registers{};
  bool is_first = true;
};

namespace {

FrameTables& tables() {
  static FrameTables tables(weft::dynamorio::Room::get().process());
  return tables;
}

}  // namespace

extern "C" {

drcallstack_status_t drcallstack_init(drcallstack_options_t* ops) {
  return ops == nullptr || ops->struct_size < sizeof *ops ? DRCALLSTACK_ERROR_INVALID_PARAMETER
                                                          : DRCALLSTACK_SUCCESS;
}

drcallstack_status_t drcallstack_exit() { return DRCALLSTACK_SUCCESS; }

drcallstack_status_t drcallstack_init_walk(dr_mcontext_t* mc, drcallstack_walk_t** walk) {
  constexpr unsigned kNeeded = DR_MC_INTEGER | DR_MC_CONTROL;
  if (mc == nullptr || walk == nullptr || (mc->flags & kNeeded) != kNeeded) {
    return DRCALLSTACK_ERROR_INVALID_PARAMETER;
  }
  *walk = new _drcallstack_walk_t();
  (*walk)->registers = {mc->xax,
                        mc->xdx,
                        mc->xcx,
                        mc->xbx,
                        mc->xsi,
                        mc->xdi,
                        mc->xbp,
                        mc->xsp,
                        mc->r8,
                        mc->r9,
                        mc->r10,
                        mc->r11,
                        mc->r12,
                        mc->r13,
                        mc->r14,
                        mc->r15,
                        reinterpret_cast<uint64_t>(mc->pc)};
  return DRCALLSTACK_SUCCESS;
}

drcallstack_status_t drcallstack_cleanup_walk(drcallstack_walk_t* walk) {
  delete walk;
  return DRCALLSTACK_SUCCESS;
}

drcallstack_status_t drcallstack_next_frame(drcallstack_walk_t* walk, drcallstack_frame_t* frame) {
  if (walk == nullptr || frame == nullptr || frame->struct_size < sizeof *frame) {
    return DRCALLSTACK_ERROR_INVALID_PARAMETER;
  }
  const auto caller = tables().caller_of(walk->registers, walk->is_first);
  if (!caller) return DRCALLSTACK_NO_MORE_FRAMES;
  walk->registers = *caller;
  walk->is_first = false;
  frame->pc = reinterpret_cast<app_pc>((*caller)[weft::kFramePc]);
  frame->sp = (*caller)[weft::kFrameStack];
  return DRCALLSTACK_SUCCESS;
}

}  // extern "C"
