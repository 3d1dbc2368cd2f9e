#include "engine/routines.h"

#include <array>
#include <cstddef>
#include <vector>

#include "engine/enter.h"
#include "translate/thread_block.h"
#include "x86/assembler.h"

namespace weft::engine {
namespace {

using cache::Fixup;
using translate::ThreadBlock;
using x86::Assembler;

Result<CachePc> far_jump_routine(cache::CodeCache& cache, void (*destination)()) {
  std::array<uint8_t, 32> buffer;
  Assembler out{std::span(buffer)};
  out.jmp_far(address_of(destination));
  return cache.add_routine(out.code(), {});
}

/// Ahead of itself, where a branch comes that was on its way to a choice and has its target in the
/// thread's block.
Result<CachePc> miss_routine(cache::CodeCache& cache) {
  std::array<uint8_t, 64> buffer;
  Assembler out{std::span(buffer)};
  out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, branch_target));
  const uint8_t over_door[] = {0xEB, translate::Environment::kByChoice};
  out.bytes(over_door, sizeof over_door);
  const auto back = static_cast<uint8_t>(0 - (out.position() + 2));
  const uint8_t door[] = {0xEB, back, 0xCC, 0xCC, 0xCC};
  static_assert(sizeof door == translate::Environment::kByChoice);
  out.bytes(door, sizeof door);
  const uint32_t entry = out.position();
  out.jmp_far(address_of(weft_exit_indirect_miss));
  Result<CachePc> made = cache.add_routine(out.code(), {});
  return made ? Result<CachePc>(*made + entry) : made;
}

/// The program's registers back as an indirect branch through the shadow map would leave them, then
/// the common miss.
Result<CachePc> hash_miss_routine(cache::CodeCache& cache) {
  std::array<uint8_t, 64> buffer;
  Assembler out{std::span(buffer)};
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, spill));
  out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, branch_target));
  out.jmp_far(address_of(weft_exit_indirect_miss));
  return cache.add_routine(out.code(), {});
}

/// Looks the wanted address up in table `level`. crc32 is the one hash that touches no flag.
Result<CachePc> hash_level_routine(cache::CodeCache& cache, uint32_t seed, int level) {
  std::array<uint8_t, 96> buffer;
  Assembler out{std::span(buffer)};
  out.mov_gs_imm32(offsetof(ThreadBlock, hash_level), static_cast<uint32_t>(level));
  out.mov_reg_imm(x86::kRcx, seed);
  const uint8_t crc[] = {0x65, 0xF2, 0x48, 0x0F, 0x38, 0xF1, 0x0C, 0x25};  // crc32 rcx, gs:[disp32]
  out.bytes(crc, sizeof crc);
  out.u32(offsetof(ThreadBlock, branch_target));
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, hash_table));
  const uint8_t jump[] = {0x0F, 0xB7, 0xC9,   // movzx ecx, cx
                          0xFF, 0xA4, 0xCA};  // jmp [rdx + rcx*8 + disp32]
  out.bytes(jump, sizeof jump);
  out.u32(static_cast<uint32_t>(level) * 65536u * 8u);
  return cache.add_routine(out.code(), {});
}

/// A checking entry was reached by another address: go on with the level after the one just read.
Result<CachePc> hash_mismatch_routine(cache::CodeCache& cache, const std::vector<CachePc>& next) {
  std::array<uint8_t, 128> buffer;
  Assembler out{std::span(buffer)};
  out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, hash_level));
  const uint8_t code[] = {0x48, 0x8D, 0x15, 8, 0, 0, 0,  // lea rdx, [rip + 8]: the table below
                          0xFF, 0x24, 0xCA};             // jmp [rdx + rcx*8]
  out.bytes(code, sizeof code);
  constexpr uint32_t kPadding = 5;
  out.nop(kPadding);
  CHECK(out.position() % 8 == 0);
  for (const CachePc target : next) out.u64(target.value);
  return cache.add_routine(out.code(), {});
}

}  // namespace

Result<translate::Routines> make_routines(cache::CodeCache& cache) {
  translate::Routines routines;
  const struct {
    CachePc* where;
    void (*destination)();
  } doors[] = {{&routines.link_exit, weft_exit_link},  {&routines.head_exit, weft_exit_head},
               {&routines.syscall, weft_exit_syscall}, {&routines.emulate, weft_exit_emulate},
               {&routines.stale, weft_exit_stale},     {&routines.clean_call, weft_clean_call},
               {&routines.light_call, weft_light_call}};
  for (const auto& door : doors) {
    Result<CachePc> made = far_jump_routine(cache, door.destination);
    if (!made) return made.error();
    *door.where = *made;
  }
  Result<CachePc> miss = miss_routine(cache);
  if (!miss) return miss.error();
  routines.indirect_miss = *miss;
  return routines;
}

Result<HashRoutines> make_hash_routines(cache::CodeCache& cache, const uint32_t* seeds, int levels,
                                        translate::Routines& routines) {
  Result<CachePc> miss = hash_miss_routine(cache);
  if (!miss) return miss.error();
  std::vector<CachePc> next;
  for (int level = 1; level < levels; ++level) {
    Result<CachePc> routine = hash_level_routine(cache, seeds[level], level);
    if (!routine) return routine.error();
    next.push_back(*routine);
  }
  next.push_back(*miss);
  Result<CachePc> mismatch = hash_mismatch_routine(cache, next);
  if (!mismatch) return mismatch.error();
  routines.hash_mismatch = *mismatch;
  return HashRoutines{*miss};
}

}  // namespace weft::engine
