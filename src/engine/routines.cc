#include "engine/routines.h"

#include <array>
#include <cstddef>
#include <vector>

#include "engine/enter.h"
#include "linux/memory/layout.h"
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

/// What no table has may have a shadow word, if the word's place can be user memory: read then, as
/// any branch reads it. Other addresses go to the dispatcher without the fault that this would be.
Result<CachePc> hash_then_shadow_routine(cache::CodeCache& cache) {
  constexpr uint32_t kTarget = offsetof(ThreadBlock, branch_target);
  constexpr uint32_t kRegister = 0x25;  // of ecx, gs:[disp32], as a modrm and its sib 0x0C
  std::array<uint8_t, 512> buffer;
  Assembler out{std::span(buffer)};
  const auto load_part = [&out](uint8_t opcode, uint32_t byte) {
    const uint8_t load[] = {0x65, 0x0F, opcode, 0x0C, kRegister};  // movzx ecx, gs:[target + byte]
    out.bytes(load, sizeof load);
    out.u32(kTarget + byte);
  };
  const auto jump_short = [&out](uint8_t opcode) {
    out.u8(opcode);
    out.u8(0);
    return out.position();
  };
  const auto lands = [&out](uint32_t from) {
    out.patch_u8(from - 1, static_cast<uint8_t>(out.position() - from));
  };
  constexpr uint8_t kJrcxz = 0xE3;
  constexpr uint8_t kJmp = 0xEB;
  load_part(0xB7, 6);  // bits 48 to 63
  const uint32_t canonical = jump_short(kJrcxz);
  const uint32_t wild = jump_short(kJmp);
  lands(canonical);
  load_part(0xB6, 5);                         // bits 40 to 47
  const uint8_t look[] = {0x48, 0x8D, 0x15};  // lea rdx, [rip + ...]: the table below
  out.bytes(look, sizeof look);
  const uint32_t table_field = out.position();
  out.u32(0);
  const uint8_t part[] = {0x0F, 0xB6, 0x0C, 0x0A};  // movzx ecx, byte [rdx + rcx]
  out.bytes(part, sizeof part);
  const uint32_t possible = jump_short(kJrcxz);
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, spill));
  out.mov_reg_gs(x86::kRcx, kTarget);
  out.jmp_far(address_of(weft_exit_indirect_miss));
  lands(wild);
  lands(possible);
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, spill));
  out.mov_reg_gs(x86::kRcx, kTarget);
  out.jmp_rcx_scaled(linux::kShadowDisplacement);
  const uint32_t table = out.position();
  for (uint32_t i = 0; i < 256; ++i) {
    const bool beyond = uint64_t{i} << 40 >= linux::ShadowedCode::kEnd;
    out.u8(beyond && i < 0x80 ? 1 : 0);
  }
  const uint32_t distance = table - (table_field + 4);
  for (uint32_t i = 0; i < 4; ++i) {
    out.patch_u8(table_field + i, static_cast<uint8_t>(distance >> (8 * i)));
  }
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
