#include "ext/drstatecmp/states.h"

#include <array>
#include <atomic>
#include <cstring>

namespace weft::dynamorio::drstatecmp {
namespace {

constexpr reg_t kArithmeticFlags = 0x8D5;
/// A block that reads what other threads write differs for no fault of the instrumentation. It is
/// run again; one that differs each time is wrong.
constexpr int kMostRetries = 8;

struct States {
  dr_mcontext_t start{};
  dr_mcontext_t first_run{};
  void* retried = nullptr;  ///< the tag of the block that is run again
  int retries = 0;
};

States& states() {
  static thread_local States states;
  return states;
}

std::atomic<ErrorCallback>& error_callback() {
  static std::atomic<ErrorCallback> callback{nullptr};
  return callback;
}

void get(dr_mcontext_t& state) {
  state.size = sizeof state;
  state.flags = DR_MC_ALL;
  dr_get_mcontext(dr_get_current_drcontext(), &state);
}

void tell(const char* what, void* tag) {
  if (const ErrorCallback callback = error_callback().load(); callback != nullptr) {
    callback(what, tag);
    return;
  }
  void* const drcontext = dr_get_current_drcontext();
  const app_pc pc = dr_fragment_app_pc(tag);
  instrlist_t* const block = decode_as_bb(drcontext, pc);
  dr_fprintf(STDERR, "drstatecmp: %s differs behind this block:\n", what);
  instrlist_disassemble(drcontext, pc, block, STDERR);
  instrlist_clear_and_destroy(drcontext, block);
  dr_abort();
}

struct General {
  const char* name;
  reg_t dr_mcontext_t::*value;
};

constexpr std::array<General, 16> kGeneral = {{
    {"xdi", &dr_mcontext_t::xdi},
    {"xsi", &dr_mcontext_t::xsi},
    {"xbp", &dr_mcontext_t::xbp},
    {"xsp", &dr_mcontext_t::xsp},
    {"xax", &dr_mcontext_t::xax},
    {"xbx", &dr_mcontext_t::xbx},
    {"xcx", &dr_mcontext_t::xcx},
    {"xdx", &dr_mcontext_t::xdx},
    {"r8", &dr_mcontext_t::r8},
    {"r9", &dr_mcontext_t::r9},
    {"r10", &dr_mcontext_t::r10},
    {"r11", &dr_mcontext_t::r11},
    {"r12", &dr_mcontext_t::r12},
    {"r13", &dr_mcontext_t::r13},
    {"r14", &dr_mcontext_t::r14},
    {"r15", &dr_mcontext_t::r15},
}};

/// Calls `differs(what)` for each part that does.
template <typename Differs>
void for_each_difference(const dr_mcontext_t& one, const dr_mcontext_t& other, uint32_t flags,
                         Differs differs) {
  for (const General& each : kGeneral) {
    if (one.*each.value != other.*each.value) differs(each.name);
  }
  const bool skip = (flags & kSkipFlags) != 0;
  if (!skip && ((one.xflags ^ other.xflags) & kArithmeticFlags) != 0) differs("xflags");
  for (size_t i = 0; i < MCXT_NUM_OPMASK_SLOTS; ++i) {
    if (one.opmask[i] != other.opmask[i]) differs("opmask mismatch");
  }
  for (size_t i = 0; i < MCXT_NUM_SIMD_SLOTS; ++i) {
    if (std::memcmp(&one.simd[i], &other.simd[i], sizeof one.simd[i]) != 0) {
      differs("SIMD mismatch");
    }
  }
}

/// Whether the block is worth another try.
bool may_retry(States& own, uint32_t flags, void* tag) {
  if ((flags & kReadsMemory) == 0) return false;
  if (own.retried != tag) own.retries = 0;
  own.retried = tag;
  return ++own.retries <= kMostRetries;
}

}  // namespace

void set_error_callback(ErrorCallback callback) { error_callback() = callback; }

void keep_start() { get(states().start); }

void start_again() {
  States& own = states();
  get(own.first_run);
  dr_set_mcontext(dr_get_current_drcontext(), &own.start);
}

void compare(uint32_t flags, void* tag) {
  States& own = states();
  dr_mcontext_t second_run{};
  get(second_run);
  bool same = true;
  for_each_difference(own.first_run, second_run, flags, [&](const char*) { same = false; });
  if (!same && may_retry(own, flags, tag)) {
    own.start.pc = dr_fragment_app_pc(tag);
    dr_redirect_execution(&own.start);
  }
  own.retried = nullptr;
  if (same) return;
  for_each_difference(own.first_run, second_run, flags, [&](const char* what) { tell(what, tag); });
}

}  // namespace weft::dynamorio::drstatecmp
