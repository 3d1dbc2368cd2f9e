#include "tool/callee.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "x86/decode.h"
#include "x86/disassembler.h"
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

/// What an instruction has that a light call cannot have; empty if nothing.
std::string_view heaviness(const x86::InstructionInfo& info) {
  if (info.category == "SYSCALL" || info.category == "INTERRUPT") return "enters the kernel";
  for (const x86::OperandInfo& each : info.operands) {
    if (each.memory.fs || each.memory.gs) return "uses thread-local storage";
    if (!is_general(each)) return "uses a register that is not general";
  }
  return is_general(info.isa_set) ? "" : "is of an instruction set with registers of its own";
}

/// Follows the code from the first address on.
class Walk {
 public:
  explicit Walk(uint64_t function) : code_(code_around(function)), waiting_{function} {}

  std::optional<Heavy> find_heavy() {
    while (!waiting_.empty() && !found_) {
      const uint64_t at = waiting_.back();
      waiting_.pop_back();
      run_from(at);
    }
    return found_;
  }

 private:
  void stop(uint64_t at, std::string_view why) { found_ = Heavy{at, std::string(why)}; }

  void run_from(uint64_t at) {
    while (seen_.insert(at).second) {
      if (!code_.contains({at})) return stop(at, "lies outside the tool's own library");
      if (seen_.size() > kMostInstructions) return stop(at, "comes after too much code to look at");
      const size_t available = std::min<size_t>(x86::kLongestInstruction, code_.end.value - at);
      const auto* bytes = reinterpret_cast<const uint8_t*>(at);
      x86::Insn insn;
      if (!x86::decode(bytes, available, insn)) return stop(at, "is no instruction that is known");
      const std::string_view why = heaviness(x86::describe(bytes, available, {at}));
      if (!why.empty()) return stop(at, why);
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
          return;
        case x86::Kind::kReturn:
        case x86::Kind::kStop:
          return;
        default:
          return stop(at, "calls or jumps by a pointer, perhaps the linker's");
      }
      at += insn.length;
    }
  }

  AppRange code_;
  std::vector<uint64_t> waiting_;
  std::unordered_set<uint64_t> seen_;
  std::optional<Heavy> found_;
};

/// As objdump numbers what it shows of a library.
std::string place_of(uint64_t address) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(address), &info) == 0) {
    return fmt::format("{:#x}", address);
  }
  const std::string_view path = info.dli_fname;
  const uint64_t offset = address - reinterpret_cast<uint64_t>(info.dli_fbase);
  return fmt::format("{}+{:#x}", path.substr(path.rfind('/') + 1), offset);
}

void tell(uint64_t function, const Heavy& heavy) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(heavy.at);
  const AppRange code = code_around(heavy.at);
  const size_t available =
      code.empty() ? 0 : std::min<size_t>(x86::kLongestInstruction, code.end.value - heavy.at);
  WEFT_LOG(kInfo, "calls of {} save all registers: {} `{}` {}", place_of(function),
           place_of(heavy.at), x86::disassemble(bytes, available, {heavy.at}).text, heavy.why);
}

}  // namespace

AppRange code_around(uint64_t address) {
  Image image{address, {}};
  dl_iterate_phdr(find_code, &image);
  return image.code;
}

std::optional<Heavy> find_heavy(uint64_t function) { return Walk(function).find_heavy(); }

bool uses_general_registers_only(uint64_t function) { return !find_heavy(function); }

bool Callees::use_general_registers_only(uint64_t function) {
  {
    const Locked held(lock_);
    const auto found = known_.find(function);
    if (found != known_.end()) return found->second;
  }
  const std::optional<Heavy> heavy = find_heavy(function);
  if (heavy) tell(function, *heavy);
  const bool answer = !heavy;
  const Locked held(lock_);
  known_[function] = answer;
  return answer;
}

const InlineBody* Callees::inline_body(uint64_t function) {
  const auto answer = [](const std::optional<InlineBody>& body) { return body ? &*body : nullptr; };
  {
    const Locked held(lock_);
    const auto found = bodies_.find(function);
    if (found != bodies_.end()) return answer(found->second);
  }
  std::optional<InlineBody> body;
  if (use_general_registers_only(function)) body = inline_body_of(function);
  const Locked held(lock_);
  // Of two threads the first one's stays: it has been given away.
  return answer(bodies_.try_emplace(function, std::move(body)).first->second);
}

}  // namespace weft::tool
