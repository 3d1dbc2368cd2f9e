// What tests of single stages of the translator share: program code of the test's own.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "../cache/fake_code.h"
#include "translate/program_code.h"

namespace weft::translate::test {

using Bytes = std::vector<uint8_t>;

inline constexpr uint8_t kNop = 0x90;
inline constexpr uint8_t kReturn = 0xC3;
inline const Bytes kLoad{0x48, 0x8B, 0x06};      // mov rax, [rsi]
inline const Bytes kStore{0x48, 0x89, 0x06};     // mov [rsi], rax
inline const Bytes kJumpBack{0xEB, 0xFE};        // jmp to itself
inline const Bytes kCallNext{0xE8, 0, 0, 0, 0};  // call to what follows

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Two pages of memory, of which the test says what may be read.
class FakeProgram final : public ProgramCode {
 public:
  explicit FakeProgram(const Bytes& bytes = {}) { put(0, bytes); }

  AppPc at(size_t offset) const { return {reinterpret_cast<uint64_t>(memory_.data()) + offset}; }
  void put(size_t offset, const Bytes& bytes) {
    std::memcpy(memory_.data() + offset, bytes.data(), bytes.size());
  }
  /// In place of one run, which is all there is.
  void set_ranges(std::vector<CodeRange> ranges) { ranges_ = std::move(ranges); }

  CodeRange executable_range(AppPc pc) override {
    ++asked;
    for (const CodeRange& each : ranges_) {
      if (each.range.contains(pc)) return each;
    }
    const AppRange all{at(0), at(memory_.size())};
    return ranges_.empty() && all.contains(pc) ? CodeRange{all} : CodeRange{};
  }
  std::optional<AppPc> constant_at(AppPc slot) override {
    if (slot != constant_slot) return std::nullopt;
    return constant_target;
  }

  int asked = 0;
  AppPc constant_slot;
  AppPc constant_target;

 private:
  alignas(kPageSize) std::array<uint8_t, 2 * kPageSize> memory_{};
  std::vector<CodeRange> ranges_;
};

}  // namespace weft::translate::test
