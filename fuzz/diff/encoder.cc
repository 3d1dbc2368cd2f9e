#include "encoder.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "isa.h"

namespace fuzz {

/// A memory operand: the modrm byte's mod and rm, and what follows it.
struct Encoder::Address {
  uint8_t mod = 0, rm = 0;
  bool x = false, b = false;  ///< extension bits of index and base
  bool narrow = false;        ///< needs an address-size prefix
  bool rip = false;           ///< displacement is to be made relative
  int index = -1;             ///< register to load with `index_value` first
  uint32_t index_value = 0;
  uint32_t rip_target = 0;  ///< offset in the data region
  uint8_t tail_size = 0;
  std::array<uint8_t, 5> tail = {};  ///< SIB byte and displacement
};

/// Bytes in the making. The rip displacement can be filled in when the length is known.
struct Encoder::Candidate {
  std::array<uint8_t, 40> bytes = {};
  size_t size = 0;
  bool memory = false;
  bool gs = false;
  Address address;
  size_t modrm = 0;         ///< where it was put; a drawn escape byte can make it something else
  size_t displacement = 0;  ///< offset of a rip displacement
  void put(unsigned byte) { bytes[size++] = static_cast<uint8_t>(byte); }
};

namespace {

const ZydisDecoder& decoder() {
  static const ZydisDecoder instance = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return instance;
}

/// Depends on more than the state we set, leaves our control, or shows x87's instruction pointer
/// (templates.cc has forms of some of them that are safe).
bool is_excluded(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_LEAVE:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_SMSW:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
      return true;
    default:
      return false;
  }
}

bool is_excluded_category(ZydisInstructionCategory category) {
  switch (category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_RDRAND:
    case ZYDIS_CATEGORY_RDSEED:
    case ZYDIS_CATEGORY_SEGOP:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_GATHER:
    case ZYDIS_CATEGORY_SCATTER:
    case ZYDIS_CATEGORY_XSAVE:
    case ZYDIS_CATEGORY_XSAVEOPT:
    case ZYDIS_CATEGORY_STRINGOP:
    case ZYDIS_CATEGORY_CET:
    case ZYDIS_CATEGORY_RDWRFSGS:
    case ZYDIS_CATEGORY_CLZERO:
    case ZYDIS_CATEGORY_PKU:
      return true;
    default:
      return false;
  }
}

int gpr_of(ZydisRegister reg) {
  switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
      return ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));
    default:
      return -1;
  }
}

bool register_operand_fits(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand& operand,
                           uint16_t keep) {
  if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) return true;
  switch (ZydisRegisterGetClass(operand.reg.value)) {
    case ZYDIS_REGCLASS_SEGMENT:
    case ZYDIS_REGCLASS_CONTROL:
    case ZYDIS_REGCLASS_DEBUG:
    case ZYDIS_REGCLASS_IP:
      return false;
    default:
      break;
  }
  const int gpr = gpr_of(operand.reg.value);
  if (gpr < 0 || (keep >> gpr & 1) == 0) return true;
  const bool stack =
      insn.meta.category == ZYDIS_CATEGORY_PUSH || insn.meta.category == ZYDIS_CATEGORY_POP;
  return gpr == 4 && stack && operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}

bool memory_operand_fits(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand& operand) {
  if (operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB || operand.mem.type == ZYDIS_MEMOP_TYPE_MIB)
    return false;
  if (operand.visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
    return (insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;  // not an absolute 64-bit address
  }
  return insn.meta.category == ZYDIS_CATEGORY_PUSH || insn.meta.category == ZYDIS_CATEGORY_POP;
}

/// bt and its kin reach anywhere from their memory operand when the bit number is in a register. A
/// load or store far away may touch what an engine has mapped there: bit_string() keeps it near.
bool has_far_bit(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands) {
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC:
      return operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
             operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    default:
      return false;
  }
}

bool reads_stack_pointer_into_vector(const ZydisDecodedInstruction& insn,
                                     const ZydisDecodedOperand* operands) {
  bool stack_pointer = false;
  bool vector = false;
  for (size_t at = 0; at < insn.operand_count; ++at) {
    if (operands[at].type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    const ZydisRegister reg = operands[at].reg.value;
    const bool explicit_operand = operands[at].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT;
    stack_pointer |= explicit_operand && gpr_of(reg) == 4;
    vector |= ZydisRegisterGetClass(reg) >= ZYDIS_REGCLASS_MMX &&
              ZydisRegisterGetClass(reg) <= ZYDIS_REGCLASS_ZMM;
    vector |= ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_MASK;
  }
  return stack_pointer && vector;
}

/// Those that mostly fault with random operands.
bool is_rare(const ZydisDecodedInstruction& insn) {
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR:
    case ZYDIS_MNEMONIC_FLDCW:
      return true;
    default:
      return false;
  }
}

}  // namespace

Encoder::Encoder(const Layout& layout, Coverage* coverage) : layout_(layout), coverage_(coverage) {}

void Encoder::draw_address(Address& a, Random& random, const Rules& rules) {
  const uint32_t aligned = random.below(16) * 64 + (random.one_in(12) ? random.below(64) : 0);
  const unsigned form = random.below(layout_.low() ? 12 : 9);
  a.narrow = layout_.low() && random.one_in(16);
  const auto tail32 = [&a](uint32_t value) {
    std::memcpy(&a.tail[a.tail_size], &value, 4);
    a.tail_size = static_cast<uint8_t>(a.tail_size + 4);
  };
  const auto base_form = [&](unsigned base, uint32_t displacement, bool wide) {
    a.mod = wide ? 2 : 1;
    a.b = base >= 8;
    a.rm = base & 7;
    if (a.rm == 4) a.tail[a.tail_size++] = static_cast<uint8_t>(0x24);
    if (wide)
      tail32(displacement);
    else
      a.tail[a.tail_size++] = static_cast<uint8_t>(displacement);
  };
  if (form < 3) {
    base_form(rules.base, random.one_in(2) ? 0 : 64, false);
  } else if (form < 5) {
    base_form(rules.base, aligned, true);
  } else if (form == 5) {  // the stack, red zone included
    base_form(4, static_cast<uint32_t>(-128 + 16 * static_cast<int>(random.below(15))), false);
    a.narrow = false;
  } else if (form < 8) {
    a.rip = true;
    a.mod = 0;
    a.rm = 5;
    a.rip_target = kRegionSize / 4 + aligned;
    a.tail_size = 4;
  } else if (form == 8) {  // base and index
    unsigned index = random.below(16);
    if (index == 4 || (rules.keep >> index & 1) || index == rules.base)
      index = (rules.base + 1) & 15;
    if (index == 4 || (rules.keep >> index & 1)) return base_form(rules.base, 64, false);
    a.index = static_cast<int>(index);
    a.index_value = random.below(16) * 64;
    a.mod = 1;
    a.rm = 4;
    a.x = index >= 8;
    a.b = rules.base >= 8;
    a.tail[a.tail_size++] =
        static_cast<uint8_t>(random.below(4) << 6 | (index & 7) << 3 | (rules.base & 7));
    a.tail[a.tail_size++] = 0;
  } else {  // absolute
    a.mod = 0;
    a.rm = 4;
    a.b = random.one_in(4);
    a.tail[a.tail_size++] = 0x25;
    tail32(static_cast<uint32_t>(layout_.data()) + kRegionSize / 4 + aligned);
  }
}

void Encoder::draw_legacy(Candidate& c, Random& random) {
  static constexpr uint8_t kMandatory[] = {0x66, 0xF2, 0xF3};
  const unsigned map = random.below(20);  // 0..9 one byte, 10..16 0F, 17 0F38, 18 0F3A, 19 x87
  if (c.memory && c.address.narrow) c.put(0x67);
  if (c.memory && random.one_in(12)) c.put(0xF0);
  if (random.percent(map < 10 ? 15 : 50)) c.put(kMandatory[random.below(3)]);
  unsigned rex = random.percent(60) ? 0x40 | random.below(16) : 0;
  if (c.memory) {
    rex = (rex & ~3u) | (c.address.x ? 2 : 0) | (c.address.b ? 1 : 0);
    if ((rex & 15) != 0) rex |= 0x40;
  }
  if (rex != 0) c.put(rex);
  if (map >= 10 && map < 19) c.put(0x0F);
  if (map == 17) c.put(0x38);
  if (map == 18) c.put(0x3A);
  c.put(map == 19 ? 0xD8u | random.below(8) : random.byte());
}

void Encoder::draw_vex(Candidate& c, Random& random) {
  const bool x = c.memory ? c.address.x : random.one_in(2);
  const bool b = c.memory ? c.address.b : random.one_in(2);
  const unsigned vvvv = random.percent(60) ? random.below(16) : 15;
  const unsigned last = vvvv << 3 | random.below(2) << 2 | random.below(4);
  const unsigned not_r = random.below(2) << 7;
  if (c.memory && c.address.narrow) c.put(0x67);
  if (!x && !b && random.one_in(3)) {
    c.put(0xC5);
    c.put(not_r | last);
  } else {
    c.put(0xC4);
    c.put(not_r | (x ? 0 : 0x40) | (b ? 0 : 0x20) | (1 + random.below(3)));
    c.put(random.below(2) << 7 | last);
  }
  c.put(random.byte());
}

void Encoder::draw_evex(Candidate& c, Random& random) {
  static constexpr uint8_t kMaps[] = {1, 1, 1, 2, 2, 2, 3, 3, 5, 6};
  const bool x = c.memory ? c.address.x : random.one_in(2);
  const bool b = c.memory ? c.address.b : random.one_in(2);
  const unsigned vvvv = random.percent(60) ? random.below(16) : 15;
  if (c.memory && c.address.narrow) c.put(0x67);
  c.put(0x62);
  c.put(random.below(2) << 7 | (x ? 0 : 0x40) | (b ? 0 : 0x20) | random.below(2) << 4 |
        kMaps[random.below(sizeof kMaps)]);
  c.put(random.below(2) << 7 | vvvv << 3 | 4 | random.below(4));
  const unsigned mask = random.one_in(2) ? random.below(8) : 0;
  const unsigned not_v = vvvv == 15 || random.one_in(2) ? 8 : 0;
  c.put((mask != 0 ? random.below(2) << 7 : 0) | random.below(3) << 5 |
        (random.one_in(4) ? 0x10 : 0) | not_v | mask);
  c.put(random.byte());
}

void Encoder::draw(Candidate& c, Random& random, const Rules& rules) {
  c.memory = rules.memory && random.percent(45);
  if (c.memory) draw_address(c.address, random, rules);
  const unsigned kind = random.below(100);
  c.gs = layout_.gs && c.memory && random.one_in(3);
  if (c.gs) c.put(0x65);
  constexpr unsigned kEvex = 78;
  if (c.gs && kind >= kEvex) c.address.narrow = false;  // not run by all engines: docs/limits.md
  if (kind < 55)
    draw_legacy(c, random);
  else if (kind < kEvex)
    draw_vex(c, random);
  else
    draw_evex(c, random);
  const unsigned reg = random.below(8);
  c.modrm = c.size;
  if (c.memory) {
    c.put(static_cast<unsigned>(c.address.mod) << 6 | reg << 3 | c.address.rm);
    c.displacement = c.size;
    std::memcpy(&c.bytes[c.size], c.address.tail.data(), c.address.tail_size);
    c.size += c.address.tail_size;
  } else {
    c.put(0xC0 | reg << 3 | random.below(8));
  }
  const uint64_t immediate = random.next();
  std::memcpy(&c.bytes[c.size], &immediate, sizeof immediate);
  c.size += sizeof immediate;
}

bool Encoder::acceptable(const Candidate& c, Random& random, const Rules& rules, uint8_t& length) {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  const size_t available = std::min<size_t>(c.size, 15);
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeFull(&decoder(), c.bytes.data(), available, &insn, operands.data()))) {
    return false;
  }
  constexpr ZydisInstructionAttributes kUnwanted =
      ZYDIS_ATTRIB_IS_PRIVILEGED | ZYDIS_ATTRIB_HAS_SEGMENT_FS;
  if ((insn.attributes & kUnwanted) != 0) return false;
  if ((insn.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS) != 0 && !c.gs) return false;
  if (is_excluded(insn.mnemonic) || is_excluded_category(insn.meta.category)) return false;
  if (!cpu_has(insn.meta.isa_set) && !random.one_in(500)) return false;
  if (has_far_bit(insn, operands.data())) return false;
  if (is_rare(insn) && !random.one_in(8)) return false;
  // An opcode without modrm, or an escape byte, takes the operand for something else.
  const bool has_modrm = (insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
  if (has_modrm ? insn.raw.modrm.offset != c.modrm : c.memory) return false;
  const bool stack =
      insn.meta.category == ZYDIS_CATEGORY_PUSH || insn.meta.category == ZYDIS_CATEGORY_POP;
  if (stack && !rules.stack) return false;
  const auto keep = static_cast<uint16_t>(rules.keep | 1u << rules.base | 1u << 4);
  for (size_t at = 0; at < insn.operand_count; ++at) {
    const ZydisDecodedOperand& operand = operands[at];
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER && !register_operand_fits(insn, operand, keep))
      return false;
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && !memory_operand_fits(insn, operand))
      return false;
  }
  // AMD's Zen 4 converts a stale rsp (vcvtsi2sd xmm0, xmm0, esp) where pushes and calls came just
  // before.
  if (reads_stack_pointer_into_vector(insn, operands.data())) return false;
  // With REX.B it is xchg r8, rax, and Zydis 4.0 does not say so.
  if (insn.mnemonic == ZYDIS_MNEMONIC_PAUSE && insn.raw.rex.B != 0) return false;
  length = insn.length;
  if (coverage_ != nullptr) ++(*coverage_)[ZydisMnemonicGetString(insn.mnemonic)];
  return true;
}

void Encoder::emit(CodeBuffer& out, Random& random, const Rules& rules) {
  for (;;) {
    Candidate c;
    draw(c, random, rules);
    uint8_t length = 0;
    if (!acceptable(c, random, rules, length)) continue;
    const Address& a = c.address;
    if (c.memory && a.index >= 0) {  // mov index, imm32
      out.start_instruction();
      if (a.index >= 8) out.put({0x41});
      out.put({0xB8u | (static_cast<unsigned>(a.index) & 7)});
      out.put32(a.index_value);
    }
    if (c.memory && a.rip) {
      const uint64_t target = layout_.data() + a.rip_target;
      const auto displacement = static_cast<uint32_t>(target - (out.here() + length));
      std::memcpy(&c.bytes[c.displacement], &displacement, sizeof displacement);
    }
    out.start_instruction();
    out.put(c.bytes.data(), length);
    return;
  }
}

}  // namespace fuzz
