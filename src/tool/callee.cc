#include "tool/callee.h"

#include <link.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/address.h"
#include "x86/decode.h"
#include "x86/instruction_info.h"

namespace weft::tool {
namespace {

constexpr size_t kMostInstructions = 3000;

struct Image {
  uint64_t inside = 0;
  AppRange code;  ///< the executable segment that `inside` lies in
};

int find_code(dl_phdr_info* info, size_t, void* argument) {
  auto& image = *static_cast<Image*>(argument);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const AppRange range{{info->dlpi_addr + header.p_vaddr},
                         {info->dlpi_addr + header.p_vaddr + header.p_memsz}};
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (!range.contains({image.inside})) continue;
    image.code = range;
    return 1;
  }
  return 0;
}

/// None of these sets' instructions has a vector, mask or x87 register, seen or unseen.
bool is_general(std::string_view isa_set) {
  static constexpr std::array<std::string_view, 15> kSets{
      "I86",  "I186",     "I286REAL", "I386",  "I486REAL", "PENTIUMREAL", "PPRO", "CMOV",
      "BMI1", "LONGMODE", "BMI2",     "LZCNT", "FAT_NOP",  "POPCNT",      "CET"};
  return std::find(kSets.begin(), kSets.end(), isa_set) != kSets.end();
}

bool is_general(const x86::OperandInfo& operand) {
  if (operand.memory.fs || operand.memory.gs || operand.vector_index) return false;
  if (operand.kind != x86::OperandInfo::Kind::kRegister) return true;
  const std::string_view name = operand.register_name;
  return operand.general_register != x86::kNoRegister || name == "rflags" || name == "rip";
}

bool is_general(const x86::InstructionInfo& info) {
  const bool enters_kernel = info.category == "SYSCALL" || info.category == "INTERRUPT";
  if (!is_general(info.isa_set) || enters_kernel) return false;
  return std::all_of(info.operands.begin(), info.operands.end(),
                     [](const x86::OperandInfo& each) { return is_general(each); });
}

/// Follows the code from the first address on.
class Walk {
 public:
  explicit Walk(uint64_t function) : code_(code_around(function)), waiting_{function} {}

  bool is_general() {
    while (!waiting_.empty()) {
      const uint64_t at = waiting_.back();
      waiting_.pop_back();
      if (!run_from(at)) return false;
    }
    return true;
  }

 private:
  bool run_from(uint64_t at) {
    while (seen_.insert(at).second) {
      if (!code_.contains({at}) || seen_.size() > kMostInstructions) return false;
      const size_t available = std::min<size_t>(x86::kLongestInstruction, code_.end.value - at);
      const auto* bytes = reinterpret_cast<const uint8_t*>(at);
      x86::Insn insn;
      if (!x86::decode(bytes, available, insn)) return false;
      if (!tool::is_general(x86::describe(bytes, available, {at}))) return false;
      switch (insn.kind) {
        case x86::Kind::kPlain:
          break;
        case x86::Kind::kCondJump:
        case x86::Kind::kLoop:
        case x86::Kind::kCall:
          waiting_.push_back(x86::target_of(insn, {at}).value);
          break;
        case x86::Kind::kJump:
          waiting_.push_back(x86::target_of(insn, {at}).value);
          return true;
        case x86::Kind::kReturn:
        case x86::Kind::kStop:
          return true;
        default:
          return false;
      }
      at += insn.length;
    }
    return true;
  }

  AppRange code_;
  std::vector<uint64_t> waiting_;
  std::unordered_set<uint64_t> seen_;
};

}  // namespace

AppRange code_around(uint64_t address) {
  Image image{address, {}};
  dl_iterate_phdr(find_code, &image);
  return image.code;
}

bool uses_general_registers_only(uint64_t function) { return Walk(function).is_general(); }

bool Callees::use_general_registers_only(uint64_t function) {
  {
    const std::lock_guard held(lock_);
    const auto found = known_.find(function);
    if (found != known_.end()) return found->second;
  }
  const bool answer = tool::uses_general_registers_only(function);
  const std::lock_guard held(lock_);
  known_[function] = answer;
  return answer;
}

}  // namespace weft::tool
