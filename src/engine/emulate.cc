#include "engine/emulate.h"

#include <csignal>

#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "x86/cpuid.h"
#include "x86/names.h"
#include "x86/operand.h"

namespace weft::engine {
namespace {

using x86::CpuContext;
using x86::Insn;

constexpr uint16_t kUserCodeSelector = 0x33;

// What user code may set: CF..OF, TF, DF, NT, AC, ID.
constexpr uint64_t kUserFlags = 0x254DD5;

EmulationFault general_protection() { return {SIGSEGV, SI_KERNEL, 0}; }

bool is_canonical(uint64_t address) {
  constexpr uint64_t kCanonicalEnd = 1ull << 47;
  return address + kCanonicalEnd < 2 * kCanonicalEnd;
}

EmulationFault memory_fault(uint64_t address) {
  if (!is_canonical(address)) return general_protection();
  return {SIGSEGV, SEGV_MAPERR, address};
}

EmulationFault stack_fault(uint64_t address) {
  if (!is_canonical(address)) return {SIGBUS, SI_KERNEL, 0};
  return {SIGSEGV, SEGV_MAPERR, address};
}

bool read_words(uint64_t address, uint64_t* words, size_t count) {
  return linux::read_program(words, address, count * sizeof *words);
}

/// retf and iret to the one code segment that 64-bit programs have.
std::optional<EmulationFault> far_return(CpuContext& context, const Insn& insn, AppPc pc) {
  const uint64_t stack = context[x86::kRsp];
  const bool wide = x86::is_wide(insn);
  const bool iret = x86::is_interrupt_return(insn);
  const size_t count = iret ? 5 : 2;
  uint64_t words[5] = {};
  if (wide) {
    if (!read_words(stack, words, count)) return stack_fault(stack);
  } else {
    uint32_t halves[5] = {};
    if (!linux::read_program(halves, stack, count * sizeof *halves)) {
      return stack_fault(stack);
    }
    for (size_t i = 0; i < count; ++i) words[i] = halves[i];
  }
  if (static_cast<uint16_t>(words[1]) != kUserCodeSelector) return general_protection();
  const uint64_t slot = wide ? 8 : 4;
  context[x86::kRsp] = stack + slot * count;
  if (x86::is_far_return_with_immediate(insn)) {
    const uint8_t* end = pc.bytes() + insn.length;
    context[x86::kRsp] += static_cast<uint64_t>(end[-2] | end[-1] << 8);
  }
  if (iret) {
    context.rflags = (context.rflags & ~kUserFlags) | (words[2] & kUserFlags);
    context[x86::kRsp] = words[3];
  }
  context.rip = words[0];
  return std::nullopt;
}

/// pushf and popf, of 8 bytes or, with a prefix, of 2.
std::optional<EmulationFault> flags_transfer(CpuContext& context, const Insn& insn, AppPc pc) {
  const size_t size = insn.operand_size_prefix ? 2 : 8;
  uint64_t& stack = context[x86::kRsp];
  if (x86::is_push_flags(insn)) {
    constexpr uint64_t kPushed = 0xFCFFFF;  // all but RF and VM
    const uint64_t image = context.rflags & kPushed;
    if (!linux::write_program(stack - size, &image, size)) {
      return stack_fault(stack - size);
    }
    stack -= size;
  } else {
    uint64_t image = 0;
    if (!linux::read_program(&image, stack, size)) {
      return stack_fault(stack);
    }
    const uint64_t changed = size == 8 ? kUserFlags : kUserFlags & 0xFFFF;
    context.rflags = (context.rflags & ~changed) | (image & changed);
    stack += size;
  }
  context.rip = pc.value + insn.length;
  return std::nullopt;
}

/// The address of a modrm memory operand without its segment.
uint64_t operand_address(const CpuContext& context, const Insn& insn, AppPc pc) {
  return x86::operand_address(context, pc.bytes(), insn, pc).value_or(0);
}

uint64_t segment_base(const CpuContext& context, const Insn& insn) {
  if (insn.segment == x86::Segment::kGs) return context.gs_base;
  return insn.segment == x86::Segment::kFs ? context.fs_base : 0;
}

/// jmp far [m], call far [m].
std::optional<EmulationFault> far_branch(CpuContext& context, const Insn& insn, AppPc pc) {
  const bool wide = x86::is_wide(insn);
  const uint64_t at = operand_address(context, insn, pc) + segment_base(context, insn);
  uint64_t target = 0;
  uint16_t selector = 0;
  const size_t offset_size = wide ? 8 : 4;
  if (!linux::read_program(&target, at, offset_size) ||
      !linux::read_program(&selector, at + offset_size, 2)) {
    return memory_fault(at);
  }
  if (selector != kUserCodeSelector) return general_protection();
  if (x86::is_far_call(insn)) {
    const uint64_t back = pc.value + insn.length;
    const uint64_t wide_words[2] = {back, kUserCodeSelector};
    const uint32_t words[2] = {static_cast<uint32_t>(back), kUserCodeSelector};
    const uint64_t stack = context[x86::kRsp] - 2 * offset_size;
    const void* source = wide ? static_cast<const void*>(wide_words) : words;
    if (!linux::write_program(stack, source, 2 * offset_size)) {
      return stack_fault(stack);
    }
    context[x86::kRsp] = stack;
  }
  context.rip = target;
  return std::nullopt;
}

/// Indirect near jump or call through memory in the gs segment.
std::optional<EmulationFault> near_branch(CpuContext& context, const Insn& insn, AppPc pc) {
  const uint64_t at = operand_address(context, insn, pc) + segment_base(context, insn);
  uint64_t target = 0;
  if (!read_words(at, &target, 1)) return memory_fault(at);
  if (insn.kind == x86::Kind::kIndirectCall) {
    const uint64_t back = pc.value + insn.length;
    const uint64_t stack = context[x86::kRsp] - 8;
    if (!linux::write_program(stack, &back, sizeof back)) {
      return stack_fault(stack);
    }
    context[x86::kRsp] = stack;
  }
  context.rip = target;
  return std::nullopt;
}

/// mov gs, r/m16; pop gs; 32-bit rd/wrgsbase. A null selector zeroes the base; others do not exist
/// in user mode without an LDT.
std::optional<EmulationFault> gs_selector(CpuContext& context, const Insn& insn, AppPc pc) {
  uint64_t selector = 0;
  const x86::GsBaseAccess access = x86::gs_base_access(insn);
  if (access != x86::GsBaseAccess::kNone) {
    const x86::Reg reg = x86::rm_operand(insn);
    if (access == x86::GsBaseAccess::kRead) {
      context[reg] = static_cast<uint32_t>(context.gs_base);
    } else {
      context.gs_base = static_cast<uint32_t>(context[reg]);
    }
    context.rip = pc.value + insn.length;
    return std::nullopt;
  }
  if (!x86::is_move_to_segment(insn)) {
    const uint64_t stack = context[x86::kRsp];
    if (!x86::is_pop_gs(insn)) return general_protection();
    if (!read_words(stack, &selector, 1)) return stack_fault(stack);
    context[x86::kRsp] = stack + 8;
  } else if (x86::has_register_operand(insn)) {
    selector = context[x86::rm_operand(insn)];
  } else {
    const uint64_t at = operand_address(context, insn, pc) + segment_base(context, insn);
    if (!linux::read_program(&selector, at, 2)) {
      return memory_fault(at);
    }
  }
  constexpr uint16_t kUserData = 0x2B;
  if (static_cast<uint16_t>(selector) > 3 && static_cast<uint16_t>(selector) != kUserData) {
    return general_protection();
  }
  context.gs_base = 0;
  context.rip = pc.value + insn.length;
  return std::nullopt;
}

/// lods, movs, xlat and moffs loads and stores in the gs segment; one step of a repeated one.
std::optional<EmulationFault> gs_memory(CpuContext& context, const Insn& insn, AppPc pc) {
  const size_t size = x86::element_size(insn);
  const bool move = x86::is_movs(insn);
  const bool string = move || x86::is_lods(insn);
  const bool store = x86::is_absolute_store(insn);
  if (!string && !x86::is_xlat(insn) && !x86::is_absolute_move(insn))
    return EmulationFault{SIGILL, ILL_ILLOPN, pc.value};
  const bool repeated = string && (insn.rep || insn.repne);
  if (repeated && context[x86::kRcx] == 0) {
    context.rip = pc.value + insn.length;
    return std::nullopt;
  }
  uint64_t offset = context[x86::kRsi];
  if (x86::is_xlat(insn)) offset = context[x86::kRbx] + static_cast<uint8_t>(context[x86::kRax]);
  if (x86::is_absolute_move(insn))
    __builtin_memcpy(&offset, pc.bytes() + insn.disp_offset, sizeof offset);
  const uint64_t at = context.gs_base + offset;
  uint64_t value = context[x86::kRax];
  const bool done = store ? linux::write_program(at, &value, size)
                          : linux::read_program(static_cast<void*>(&value), at, size);
  if (!done) return memory_fault(at);
  if (move && !linux::write_program(context[x86::kRdi], &value, size)) {
    return memory_fault(context[x86::kRdi]);
  }
  if (!move && !store) context[x86::kRax] = size == 4 ? static_cast<uint32_t>(value) : value;
  constexpr uint64_t kDirectionFlag = 0x400;
  const uint64_t step = (context.rflags & kDirectionFlag) != 0 ? 0 - size : size;
  if (string) context[x86::kRsi] += step;
  if (move) context[x86::kRdi] += step;
  const bool again = repeated && --context[x86::kRcx] != 0;
  if (!again) context.rip = pc.value + insn.length;
  return std::nullopt;
}

std::optional<EmulationFault> cpu_identification(CpuContext& context, const Insn& insn, AppPc pc) {
  // The program may have had the instruction forbidden (ARCH_SET_CPUID).
  constexpr uint64_t kGetCpuid = 0x1011;
  if (linux::raw_syscall(__NR_arch_prctl, kGetCpuid, 0) == 0) return general_protection();
  const x86::CpuidAnswer answer = x86::cpuid(static_cast<uint32_t>(context[x86::kRax]),
                                             static_cast<uint32_t>(context[x86::kRcx]));
  context[x86::kRax] = answer.eax;
  context[x86::kRbx] = answer.ebx;
  context[x86::kRcx] = answer.ecx;
  context[x86::kRdx] = answer.edx;
  context.rip = pc.value + insn.length;
  return std::nullopt;
}

}  // namespace

std::optional<EmulationFault> emulate(CpuContext& context) {
  const AppPc pc{context.rip};
  Insn insn;
  uint8_t bytes[15];
  size_t readable = sizeof bytes;  // less at the end of a mapping
  while (readable > 0 && !linux::read_program(static_cast<void*>(bytes), pc.value, readable)) {
    --readable;
  }
  if (!x86::decode(bytes, readable, insn)) return EmulationFault{SIGILL, ILL_ILLOPN, pc.value};
  if (insn.kind == x86::Kind::kFarTransfer) {
    const bool is_return = x86::is_interrupt_return(insn) || x86::is_far_return(insn) ||
                           x86::is_far_return_with_immediate(insn);
    return is_return ? far_return(context, insn, pc) : far_branch(context, insn, pc);
  }
  if (insn.kind == x86::Kind::kIndirectJump || insn.kind == x86::Kind::kIndirectCall) {
    return near_branch(context, insn, pc);
  }
  if (x86::is_push_flags(insn) || x86::is_pop_flags(insn)) {
    return flags_transfer(context, insn, pc);
  }
  if (x86::is_cpuid(insn)) return cpu_identification(context, insn, pc);
  const bool selector = x86::is_move_to_segment(insn) || insn.map == x86::Map::k0F;
  if (selector && insn.segment != x86::Segment::kGs) return gs_selector(context, insn, pc);
  return gs_memory(context, insn, pc);
}

}  // namespace weft::engine
