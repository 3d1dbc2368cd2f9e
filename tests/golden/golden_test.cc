// Holds emitted code against golden files, one a case, so that a change of emission shows as a
// diff. WEFT_UPDATE_GOLDEN=1 rewrites the files.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "golden_file.h"
#include "translate/draft.h"
#include "translate/mangle.h"
#include "x86/decode.h"
#include "x86/disassembler.h"

namespace weft::translate {
namespace {

constexpr uint64_t kPc = 0x40000010000;

struct Case {
  const char* name;
  std::vector<uint8_t> bytes;
  void (*emit)(Draft&, const Instruction&);
  IndirectMode mode = IndirectMode::kShadow;
  ReturnMode returns = ReturnMode::kJump;
  uint64_t pc = kPc;
};

Environment environment_for(const Case& test) {
  Environment environment;
  environment.routines = {{0x40050000000},
                          {0x40050000008},
                          {0x40050000010},
                          {0x40050000020},
                          {0x40050000030},
                          {0x40050000040},
                          {},
                          {},
                          {},
                          {0x40050000050}};
  environment.code_low = 0x40050000000;
  environment.code_high = 0x40060000000;
  environment.indirect = test.mode;
  environment.returns = test.returns;
  environment.shadow_displacement = 0x7ff00000;
  return environment;
}

std::string disassemble(std::span<const uint8_t> code, size_t limit) {
  std::ostringstream out;
  for (size_t at = 0; at < limit;) {
    const x86::Disassembled line = x86::disassemble(code.data() + at, code.size() - at, {at});
    out << "  " << at << ": " << line.text << "\n";
    at += line.length;
  }
  return out.str();
}

std::string describe(const cache::Fixup& fixup) {
  static const char* const kKinds[] = {"address", "hot", "cold", "exit id"};
  std::ostringstream out;
  out << "  " << (fixup.where == cache::Fixup::Where::kHot ? "hot" : "cold") << "+" << fixup.offset
      << " -> " << kKinds[static_cast<int>(fixup.kind)] << " 0x" << std::hex << fixup.target;
  if (fixup.trailing != 0) out << " trailing " << std::dec << int{fixup.trailing};
  out << "\n";
  return out.str();
}

std::string render(const Case& test) {
  const Environment environment = environment_for(test);
  Draft draft(environment);
  Instruction at{{test.pc}, test.bytes.data(), {}};
  EXPECT_TRUE(x86::decode(test.bytes.data(), test.bytes.size(), at.insn));
  test.emit(draft, at);
  std::ostringstream out;
  out << "program: " << x86::disassemble(test.bytes.data(), test.bytes.size(), {test.pc}).text
      << "\n";
  out << "hot:\n" << disassemble(draft.hot.code(), draft.hot.position());
  size_t stub_bytes = draft.exits.empty() ? 0 : draft.cold.position();
  if (!draft.exits.empty() && draft.exits[0].stub != 0) stub_bytes = 0;
  if (stub_bytes != 0) out << "cold:\n" << disassemble(draft.cold.code(), stub_bytes);
  out << "fixups:\n";
  for (const cache::Fixup& fixup : draft.fixups) out << describe(fixup);
  out << "exits:\n";
  for (const cache::ExitSpec& exit : draft.exits) {
    EXPECT_LE(exit.site % 8, 4u) << "a patch would not be one store";
    out << "  site hot+" << exit.site << " stub cold+" << exit.stub << " target 0x" << std::hex
        << exit.target.value << std::dec << (exit.calls ? ", a call" : "") << "\n";
  }
  return out.str();
}

void emit_entry(Draft& draft, const Instruction& at) {
  emit_indirect_entry(draft.hot, draft.environment, at.pc);
}

void emit_call(Draft& draft, const Instruction& at) { mangle_call(draft, at, at.target()); }

void emit_paired_call(Draft& draft, const Instruction& at) {
  const bool direct = at.insn.kind == x86::Kind::kCall;
  mangle_paired_call(draft, at, direct ? std::optional(at.target()) : std::nullopt);
  emit_thunks(draft);
}

void emit_prefetching_call(Draft& draft, const Instruction& at) {
  draft.prefetch_returns = true;
  emit_call(draft, at);
}

void emit_towards_target(Draft& draft, const Instruction& at) {
  EXPECT_TRUE(mangle_towards(draft, at, at.target()));
}

/// As a trace follows an indirect transfer that went 64 KB on when it was recorded.
void emit_towards_recorded(Draft& draft, const Instruction& at) {
  EXPECT_TRUE(mangle_towards(draft, at, at.pc + 0x10000));
}

const std::vector<Case>& cases() {
  constexpr IndirectMode kHash = IndirectMode::kHash;
  static const std::vector<Case> all = {
      {"jcc", {0x75, 0x10}, mangle_conditional},
      {"loop", {0xE2, 0xF0}, mangle_conditional},
      {"jecxz", {0x67, 0xE3, 0x10}, mangle_conditional},
      {"xbegin", {0xC7, 0xF8, 0x10, 0, 0, 0}, mangle_conditional},
      {"call", {0xE8, 0x10, 0, 0, 0}, emit_call},
      {"call_low",
       {0xE8, 0x10, 0, 0, 0},
       emit_call,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"call_register", {0xFF, 0xD0}, mangle_indirect},
      {"call_stack", {0xFF, 0x54, 0x24, 0x08}, mangle_indirect},
      {"call_rip_memory", {0xFF, 0x15, 0x10, 0x20, 0, 0}, mangle_indirect},
      {"jump_register", {0x41, 0xFF, 0xE3}, mangle_indirect},
      {"jump_rcx", {0xFF, 0xE1}, mangle_indirect},
      {"jump_table", {0xFF, 0x24, 0xC5, 0, 0x10, 0x40, 0}, mangle_indirect},
      {"jump_fs_memory", {0x64, 0xFF, 0x24, 0x25, 0x10, 0, 0, 0}, mangle_indirect},
      {"ret", {0xC3}, mangle_indirect},
      {"ret_imm", {0xC2, 0x10, 0}, mangle_indirect},
      {"ret_hash", {0xC3}, mangle_indirect, kHash},
      {"call_register_hash", {0xFF, 0xD0}, mangle_indirect, kHash},
      {"call_paired",
       {0xE8, 0x10, 0, 0, 0},
       emit_paired_call,
       IndirectMode::kShadow,
       ReturnMode::kPaired},
      {"call_register_paired",
       {0xFF, 0xD0},
       emit_paired_call,
       IndirectMode::kShadow,
       ReturnMode::kPaired},
      {"ret_paired", {0xC3}, mangle_indirect, IndirectMode::kShadow, ReturnMode::kPaired},
      {"ret_imm_paired",
       {0xC2, 0x10, 0},
       mangle_indirect,
       IndirectMode::kShadow,
       ReturnMode::kPaired},
      {"entry", {0x90}, emit_entry},
      {"entry_hash", {0x90}, emit_entry, kHash},
      {"syscall", {0x0F, 0x05}, mangle_syscall},
      {"far_return", {0x48, 0xCB}, mangle_emulated},
      {"fnstenv", {0xD9, 0x30}, mangle_plain},
      {"xsavec", {0x0F, 0xC7, 0x64, 0x24, 0x40}, mangle_plain},
      {"rip_load", {0x48, 0x8B, 0x05, 0x10, 0, 0, 0}, mangle_plain},
      {"rip_compare_immediate", {0x80, 0x3D, 0x10, 0, 0, 0, 0x07}, mangle_plain},
      {"rip_lea_far",
       {0x48, 0x8D, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x7f0000000000},
      {"rip_store_far",
       {0x4C, 0x89, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x7f0000000000},
      {"rip_vex_far",
       {0xC5, 0xFD, 0x6F, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x7f0000000000},
      {"rip_load_low",
       {0x48, 0x8B, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"rip_compare_immediate_low",
       {0x41, 0x81, 0x3D, 0x10, 0, 0, 0, 0x44, 0x33, 0x22, 0x11},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"rip_vex_low",
       {0xC4, 0xE1, 0x7D, 0x6F, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"call_rip_memory_low",
       {0xFF, 0x15, 0x10, 0x20, 0, 0},
       mangle_indirect,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"call_prefetch",
       {0xE8, 0x10, 0, 0, 0},
       emit_prefetching_call,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"call_prefetch_out_of_reach", {0xE8, 0x10, 0, 0, 0}, emit_prefetching_call},
      {"trace_jcc_taken", {0x75, 0x10}, emit_towards_target},
      {"trace_call", {0xE8, 0x10, 0, 0, 0}, emit_towards_target},
      {"trace_ret", {0xC3}, emit_towards_recorded},
      {"trace_ret_imm", {0xC2, 0x10, 0}, emit_towards_recorded},
      {"trace_ret_low",
       {0xC3},
       emit_towards_recorded,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x401000},
      {"trace_ret_hash", {0xC3}, emit_towards_recorded, kHash},
      {"trace_call_register", {0xFF, 0xD0}, emit_towards_recorded},
      {"trace_jump_rip_memory", {0xFF, 0x25, 0x10, 0x20, 0, 0}, emit_towards_recorded},
      {"gs_load", {0x65, 0x48, 0x8B, 0x04, 0x25, 0x28, 0, 0, 0}, mangle_plain},
      {"gs_store_indexed", {0x65, 0x4A, 0x89, 0x54, 0x88, 0x08}, mangle_plain},
      {"gs_pop_stack", {0x65, 0x8F, 0x44, 0x24, 0x08}, mangle_plain},
      {"gs_gather", {0x65, 0xC4, 0x82, 0x6D, 0x90, 0x5C, 0x8F, 0x20}, mangle_plain},
      {"gs_evex_scaled", {0x65, 0x62, 0xF1, 0xDD, 0x0A, 0x5E, 0x54, 0x24, 0x50}, mangle_plain},
      {"gs_evex_index_only",
       {0x65, 0x62, 0xF1, 0xFD, 0x48, 0x6F, 0x04, 0x8D, 0x40, 0, 0, 0},
       mangle_plain},
      {"gs_load_address32", {0x65, 0x67, 0x8B, 0x41, 0x08}, mangle_plain},
      {"gs_load_overridden_rex", {0x48, 0x65, 0x8B, 0x04, 0x25, 0x28, 0, 0, 0}, mangle_plain},
      {"gs_load_repeated_rex", {0x4F, 0x65, 0x4F, 0x48, 0x8B, 0x41, 0x08}, mangle_plain},
      {"gs_vex_overridden_rex", {0x48, 0x65, 0xC5, 0xFD, 0x6F, 0x41, 0x08}, mangle_plain},
      {"rip_load_overridden_rex_far",
       {0x48, 0x3E, 0x8B, 0x05, 0x10, 0, 0, 0},
       mangle_plain,
       IndirectMode::kShadow,
       ReturnMode::kJump,
       0x7f0000000000},
      {"popf", {0x9D}, mangle_plain},
      {"rdgsbase", {0xF3, 0x49, 0x0F, 0xAE, 0xC9}, mangle_plain},
      {"wrgsbase", {0xF3, 0x48, 0x0F, 0xAE, 0xD8}, mangle_plain},
  };
  return all;
}

TEST(EmittedCode, IsWhatTheGoldenFilesSay) {
  for (const Case& test : cases()) expect_golden(test.name, render(test));
}

}  // namespace
}  // namespace weft::translate
