#include "against_zydis.h"

#include <fmt/format.h>

#include <string_view>

#include "x86/decode.h"
#include "x86/disassembler.h"
#include "x86/instruction_info.h"

namespace weft::x86 {
namespace {

Kind expected_kind(const Details& zydis) {
  const std::string_view name = zydis.mnemonic;
  const auto is = [name](auto... names) { return ((name == names) || ...); };
  if (is("syscall")) return Kind::kSyscall;
  if (is("int", "int1", "int3")) return Kind::kInterrupt;
  if (is("hlt", "ud0", "ud1", "ud2", "sysenter", "sysexit", "sysret", "rsm")) return Kind::kStop;
  if (is("xbegin")) return Kind::kXbegin;
  if (zydis.is_far || is("iret", "iretd", "iretq")) return Kind::kFarTransfer;
  if (is("ret")) return Kind::kReturn;
  if (is("jmp")) return zydis.has_relative_target ? Kind::kJump : Kind::kIndirectJump;
  if (is("call")) return zydis.has_relative_target ? Kind::kCall : Kind::kIndirectCall;
  if (is("loop", "loope", "loopne", "jrcxz", "jecxz")) return Kind::kLoop;
  if (name.starts_with("j") && zydis.has_relative_target) return Kind::kCondJump;
  return Kind::kPlain;
}

bool is_zeroing_idiom(const Details& zydis, const Insn& insn) {
  return (zydis.mnemonic == "xor" || zydis.mnemonic == "sub") && insn.modrm >= 0xC0;
}

std::string operand_difference(const Insn& insn, const Details& zydis) {
  if (insn.rip_relative != zydis.rip_relative) return "rip_relative";
  if (insn.disp_size != zydis.disp_size) return "disp_size";
  if (insn.disp_size != 0 && insn.disp_offset != zydis.disp_offset) return "disp_offset";
  // 3DNow!'s last byte is an opcode to Zydis and an immediate here.
  const int suffix = insn.map == Map::k3dNow ? 1 : 0;
  if (insn.imm_size != zydis.imm_bytes + suffix) return "imm_size";
  if (zydis.has_relative_target && insn.rel != zydis.rel) return "rel";
  if (insn.rip_relative && insn.rel != zydis.disp) return "rel of a rip-relative operand";
  if (zydis.fs && insn.segment != Segment::kFs) return "fs";
  if (zydis.gs && insn.segment != Segment::kGs) return "gs";
  return {};
}

/// With an address-size prefix, Zydis 4.0 names r13 as the base where a SIB byte has none.
uint16_t phantom_base(const uint8_t* bytes, const Insn& insn) {
  const bool sib =
      insn.has_modrm && (insn.modrm & 0xC7) == 0x04 && insn.length > insn.modrm_offset + 1;
  const bool no_base = sib && (bytes[insn.modrm_offset + 1] & 7) == 5;
  return insn.address_size_prefix && no_base ? 1u << 13 : 0;
}

std::string register_difference(const uint8_t* bytes, const Insn& insn, const Details& zydis) {
  const uint16_t used = registers_used(bytes, insn);
  if ((zydis.registers & ~used & ~phantom_base(bytes, insn)) != 0) {
    return fmt::format("registers {:04x}, Zydis {:04x}", used, zydis.registers);
  }
  const RcxUse rcx = rcx_use(bytes, insn);
  if (!rcx.reads && zydis.reads_rcx && !is_zeroing_idiom(zydis, insn)) return "reads rcx";
  if (rcx.overwrites && !zydis.overwrites_rcx) return "overwrites rcx";
  return {};
}

std::string flag_difference(const uint8_t* bytes, const Insn& insn) {
  const FlagUse ours = flag_use(bytes, insn);
  const FlagUse zydis = flag_use(bytes, insn.length);
  const auto arithmetic = [](uint32_t flags) { return flags & kArithmeticFlags; };
  if (arithmetic(ours.read) != arithmetic(zydis.read)) {
    return fmt::format("reads flags {:04x}, Zydis {:04x}", ours.read, zydis.read);
  }
  if (arithmetic(ours.written) != arithmetic(zydis.written)) {
    return fmt::format("writes flags {:04x}, Zydis {:04x}", ours.written, zydis.written);
  }
  if ((arithmetic(ours.overwritten) & ~zydis.overwritten) != 0) {
    return fmt::format("overwrites flags {:04x}, Zydis {:04x}", ours.overwritten,
                       zydis.overwritten);
  }
  return {};
}

std::string compare(const uint8_t* bytes, size_t available) {
  Insn insn;
  const bool complete = decode(bytes, available, insn);
  const auto zydis = inspect(bytes, available);
  if (!zydis) {
    const bool harmless = !complete || insn.kind == Kind::kInvalid || insn.kind == Kind::kPlain ||
                          insn.kind == Kind::kStop;
    return harmless ? std::string{} : "Zydis rejects a control transfer";
  }
  if (!complete) return "incomplete";
  if (insn.kind == Kind::kInvalid) return "invalid";
  if (insn.length != zydis->length) return fmt::format("length {}", insn.length);
  const Kind kind = expected_kind(*zydis);
  if (insn.kind != kind) {
    return fmt::format("kind {}, expected {}", static_cast<int>(insn.kind), static_cast<int>(kind));
  }
  if (std::string text = operand_difference(insn, *zydis); !text.empty()) return text;
  if (std::string text = register_difference(bytes, insn, *zydis); !text.empty()) return text;
  return flag_difference(bytes, insn);
}

}  // namespace

std::string difference_from_zydis(const uint8_t* bytes, size_t available) {
  std::string what = compare(bytes, available);
  if (what.empty()) return what;
  std::string hex;
  for (size_t at = 0; at < available; ++at) hex += fmt::format("{:02x} ", bytes[at]);
  return fmt::format("{}: {} ({})", what, hex, disassemble(bytes, available, {0}).text);
}

}  // namespace weft::x86
