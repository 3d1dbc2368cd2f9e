#include "engine/routines.h"

#include <array>
#include <cstddef>
#include <vector>

#include "engine/enter.h"
#include "linux/memory/layout.h"
#include "translate/mangle.h"
#include "translate/thread_block.h"
#include "x86/assembler.h"
#include "x86/shadow_branch.h"

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
  x86::Label start;
  x86::Label behind_door;
  out.bind(start);
  out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, branch_target));
  out.jmp(behind_door);
  translate::emit_choice_jump(out, start);
  out.bind(behind_door);
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

/// What no table has may have a shadow word, if the word's place can be user memory: read then, as
/// any branch reads it. Other addresses go to the dispatcher without the fault that this would be.
Result<CachePc> hash_then_shadow_routine(cache::CodeCache& cache) {
  constexpr uint32_t kTarget = offsetof(ThreadBlock, branch_target);
  std::array<uint8_t, 512> buffer;
  Assembler out{std::span(buffer)};
  x86::Label canonical;
  x86::Label read;
  x86::Label table;
  out.load_gs(x86::kRcx, kTarget + 6, 2);  // bits 48 to 63
  out.jrcxz(canonical);
  out.jmp(read);
  out.bind(canonical);
  out.load_gs(x86::kRcx, kTarget + 5, 1);  // bits 40 to 47
  out.lea_rip(x86::kRdx, table);
  out.load_byte_indexed(x86::kRcx, x86::kRdx, x86::kRcx);
  out.jrcxz(read);
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, spill));
  out.mov_reg_gs(x86::kRcx, kTarget);
  out.jmp_far(address_of(weft_exit_indirect_miss));
  out.bind(read);
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, spill));
  out.mov_reg_gs(x86::kRcx, kTarget);
  x86::emit_shadow_jump(out, linux::kShadowDisplacement);
  out.bind(table);
  std::array<uint8_t, 256> is_beyond{};
  for (uint64_t i = 0; i < is_beyond.size() / 2; ++i) {
    is_beyond[i] = i << 40 >= linux::ShadowedCode::kEnd ? 1 : 0;
  }
  out.bytes(is_beyond.data(), is_beyond.size());
  return cache.add_routine(out.code(), {});
}

/// Looks the wanted address up in table `level`. crc32 is the one hash that touches no flag.
Result<CachePc> hash_level_routine(cache::CodeCache& cache, uint32_t seed, int level) {
  std::array<uint8_t, 96> buffer;
  Assembler out{std::span(buffer)};
  out.mov_gs_imm32(offsetof(ThreadBlock, hash_level), static_cast<uint32_t>(level));
  out.mov_reg_imm(x86::kRcx, seed);
  out.crc32_gs(x86::kRcx, offsetof(ThreadBlock, branch_target));
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, hash_table));
  out.zero_extend_short(x86::kRcx, x86::kRcx, sizeof(uint16_t));
  out.jmp_table(x86::kRdx, x86::kRcx, static_cast<uint32_t>(level) * 65536u * 8u);
  return cache.add_routine(out.code(), {});
}

/// A checking entry was reached by another address: go on with the level after the one just read.
Result<CachePc> hash_mismatch_routine(cache::CodeCache& cache, const std::vector<CachePc>& next) {
  std::array<uint8_t, 128> buffer;
  Assembler out{std::span(buffer)};
  out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, hash_level));
  x86::Label table;
  out.lea_rip(x86::kRdx, table);
  out.jmp_table(x86::kRdx, x86::kRcx);
  constexpr uint32_t kPadding = 5;
  out.nop(kPadding);
  CHECK(out.position() % 8 == 0);
  out.bind(table);
  for (const CachePc target : next) out.u64(target.value);
  return cache.add_routine(out.code(), {});
}

}  // namespace

Result<translate::Routines> make_routines(cache::CodeCache& cache) {
  translate::Routines routines;
  const struct {
    CachePc* where;
    void (*destination)();
  } doors[] = {{&routines.link_exit, weft_exit_link},   {&routines.head_exit, weft_exit_head},
               {&routines.syscall, weft_exit_syscall},  {&routines.emulate, weft_exit_emulate},
               {&routines.stale, weft_exit_stale},      {&routines.clean_call, weft_clean_call},
               {&routines.light_call, weft_light_call}, {&routines.settle_x87, weft_settle_x87}};
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
                                        HashMiss kind, translate::Routines& routines) {
  Result<CachePc> miss =
      kind == HashMiss::kDispatcher ? hash_miss_routine(cache) : hash_then_shadow_routine(cache);
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
