// Flags that an instruction reads and writes. Used by the generator too: it includes nothing
// generated.
#include <array>

#include "dr_ir_instr.h"
#include "ir/order.h"

namespace weft::dynamorio {
namespace {

struct Flag {
  uint32_t cpu;
  uint32_t read;
};

constexpr std::array<Flag, 12> kFlags = {{{ZYDIS_CPUFLAG_CF, EFLAGS_READ_CF},
                                          {ZYDIS_CPUFLAG_PF, EFLAGS_READ_PF},
                                          {ZYDIS_CPUFLAG_AF, EFLAGS_READ_AF},
                                          {ZYDIS_CPUFLAG_ZF, EFLAGS_READ_ZF},
                                          {ZYDIS_CPUFLAG_SF, EFLAGS_READ_SF},
                                          {ZYDIS_CPUFLAG_TF, EFLAGS_READ_TF},
                                          {ZYDIS_CPUFLAG_IF, EFLAGS_READ_IF},
                                          {ZYDIS_CPUFLAG_DF, EFLAGS_READ_DF},
                                          {ZYDIS_CPUFLAG_OF, EFLAGS_READ_OF},
                                          {ZYDIS_CPUFLAG_NT, EFLAGS_READ_NT},
                                          {ZYDIS_CPUFLAG_RF, EFLAGS_READ_RF},
                                          {ZYDIS_CPUFLAG_AC, EFLAGS_READ_AC}}};

}  // namespace

uint32_t eflags_of(const ZydisDecodedInstruction& instruction) {
  const ZydisAccessedFlags& flags = *instruction.cpu_flags;
  const uint32_t written = flags.modified | flags.set_0 | flags.set_1 | flags.undefined;
  uint32_t usage = 0;
  for (const Flag& flag : kFlags) {
    if ((flags.tested & flag.cpu) != 0) usage |= flag.read;
    if ((written & flag.cpu) != 0) usage |= EFLAGS_READ_TO_WRITE(flag.read);
  }
  return usage;
}

}  // namespace weft::dynamorio
