#include "core/machine_context.h"

#include <cpuid.h>

#include <cstring>

#include "core/context.h"
#include "core/events.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

constexpr size_t kXmmAt = 160;
constexpr size_t kHeaderAt = 512;
constexpr size_t kXmmBytes = 16;
constexpr size_t kYmmBytes = 32;
constexpr size_t kZmmBytes = 64;

/// Where an XSAVE component lies in the standard format, 0 if the CPU has none.
size_t component_at(unsigned number) {
  unsigned size = 0;
  unsigned offset = 0;
  unsigned flags = 0;
  unsigned unused = 0;
  if (__get_cpuid_count(13, number, &size, &offset, &flags, &unused) == 0 || size == 0) return 0;
  return offset;
}

struct VectorLayout {
  size_t ymm_high = component_at(2);
  size_t opmask = component_at(5);
  size_t zmm_high = component_at(6);
  size_t zmm_upper = component_at(7);
};

const VectorLayout& layout() {
  static const VectorLayout layout;
  return layout;
}

/// Copies one piece of vector state; `fetch` from the area into `piece`, or the other way.
void copy(bool fetch, uint8_t* area, uint8_t* piece, size_t bytes) {
  if (fetch) {
    std::memcpy(piece, area, bytes);
  } else {
    std::memcpy(area, piece, bytes);
  }
}

/// Components that are in their initial state are all zero in the area (CallContext::xsave()).
void copy_vectors(bool fetch, uint8_t* area, dr_mcontext_t& context) {
  const VectorLayout& at = layout();
  uint64_t present = 0;
  std::memcpy(&present, area + kHeaderAt, sizeof present);
  for (size_t i = 0; i < MCXT_NUM_SIMD_SLOTS; ++i) {
    uint8_t* const value = context.simd[i].u8;
    if (fetch) std::memset(value, 0, kZmmBytes);
    if (i < MCXT_NUM_SIMD_SSE_AVX_SLOTS) {
      copy(fetch, area + kXmmAt + kXmmBytes * i, value, kXmmBytes);
      if (at.ymm_high != 0)
        copy(fetch, area + at.ymm_high + kXmmBytes * i, value + kXmmBytes, kXmmBytes);
      if (at.zmm_high != 0)
        copy(fetch, area + at.zmm_high + kYmmBytes * i, value + kYmmBytes, kYmmBytes);
    } else if (at.zmm_upper != 0) {
      const size_t upper = i - MCXT_NUM_SIMD_SSE_AVX_SLOTS;
      copy(fetch, area + at.zmm_upper + kZmmBytes * upper, value, kZmmBytes);
    }
  }
  for (size_t i = 0; i < MCXT_NUM_OPMASK_SLOTS; ++i) {
    auto* const value = reinterpret_cast<uint8_t*>(&context.opmask[i]);
    if (fetch) std::memset(value, 0, sizeof context.opmask[i]);
    if (at.opmask != 0) copy(fetch, area + at.opmask + 8 * i, value, sizeof context.opmask[i]);
  }
  if (fetch) return;
  present |= 0x2;
  if (at.ymm_high != 0) present |= 0x4;
  if (at.zmm_high != 0) present |= 0xE0;
  std::memcpy(area + kHeaderAt, &present, sizeof present);
}

/// Calls `visit` with each general register but rsp.
template <typename Context, typename Visit>
void for_each_register(Context& context, Visit visit) {
  visit(Register::kRax, context.xax);
  visit(Register::kRcx, context.xcx);
  visit(Register::kRdx, context.xdx);
  visit(Register::kRbx, context.xbx);
  visit(Register::kRbp, context.xbp);
  visit(Register::kRsi, context.xsi);
  visit(Register::kRdi, context.xdi);
  visit(Register::kR8, context.r8);
  visit(Register::kR9, context.r9);
  visit(Register::kR10, context.r10);
  visit(Register::kR11, context.r11);
  visit(Register::kR12, context.r12);
  visit(Register::kR13, context.r13);
  visit(Register::kR14, context.r14);
  visit(Register::kR15, context.r15);
}

bool has(const dr_mcontext_t& context, dr_mcontext_flags_t flag) {
  return (context.flags & flag) != 0;
}

/// Where the program's state is to be had of the calling thread, or of one that it has stopped;
/// null: nowhere.
CallContext* reachable(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  if (context == nullptr || context->thread == nullptr) return nullptr;
  if (context != Context::current() && !context->is_stopped) return nullptr;
  return &context->thread->context();
}

}  // namespace

void read_context(CallContext& from, dr_mcontext_t& to) {
  if (has(to, DR_MC_INTEGER)) {
    for_each_register(to, [&](Register reg, reg_t& value) { value = from.get(reg); });
  }
  if (has(to, DR_MC_CONTROL)) {
    to.xsp = from.get(Register::kRsp);
    to.xflags = from.flags();
    to.pc = reinterpret_cast<byte*>(from.pc());
  }
  if (has(to, DR_MC_MULTIMEDIA)) copy_vectors(true, static_cast<uint8_t*>(from.xsave()), to);
}

void write_context(const dr_mcontext_t& from, CallContext& to) {
  if (has(from, DR_MC_INTEGER)) {
    for_each_register(from, [&](Register reg, reg_t value) { to.set(reg, value); });
  }
  if (has(from, DR_MC_CONTROL)) {
    to.set(Register::kRsp, from.xsp);
    to.set_flags(from.xflags);
  }
  if (has(from, DR_MC_MULTIMEDIA)) {
    dr_mcontext_t copy = from;
    copy_vectors(false, static_cast<uint8_t*>(to.xsave()), copy);
  }
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

bool dr_mcontext_xmm_fields_valid() { return true; }

bool dr_mcontext_zmm_fields_valid() { return layout().zmm_high != 0; }

bool dr_get_mcontext(void* drcontext, dr_mcontext_t* context) {
  if (context == nullptr || context->size != sizeof *context) return false;
  weft::CallContext* const from = reachable(drcontext);
  if (from == nullptr) return false;
  read_context(*from, *context);
  return true;
}

bool dr_set_mcontext(void* drcontext, dr_mcontext_t* context) {
  if (context == nullptr || context->size != sizeof *context) return false;
  weft::CallContext* const to = reachable(drcontext);
  if (to == nullptr) return false;
  write_context(*context, *to);
  return true;
}

byte* dr_redirect_native_target(void*) { return nullptr; }

}  // extern "C"
