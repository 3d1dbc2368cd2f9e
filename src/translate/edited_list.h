// A block as a tool has laid it out: instructions of the program, kept or changed, and code of the
// tool's own, in the order in which they come to lie. Owned by its plan; checked by whoever made
// it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "x86/context.h"
#include "x86/decode.h"

namespace weft::translate {

struct CallSite;

struct ListItem {
  enum class Kind : uint8_t {
    kKept,         ///< an instruction of the block
    kApplication,  ///< another one that the program is to execute: mangled
    kInserted,     ///< the tool's own
    kCall,         ///< a clean call
    kLabel,
    kLoadAddress,  ///< of a label
  };
  static constexpr uint32_t kNoLabel = ~uint32_t{0};

  Kind kind = Kind::kLabel;
  x86::Reg reg = x86::kRax;   ///< kLoadAddress
  bool translated = false;    ///< `translation` counts
  uint32_t number = 0;        ///< kKept: index of the instruction. kLabel: which
  uint32_t label = kNoLabel;  ///< kApplication, kInserted: of jumps. kLoadAddress
  uint32_t note = 0;
  // kApplication, kInserted: what is relative to rip in it leads to `target` if not to `label`.
  x86::Insn insn;
  std::array<uint8_t, x86::kLongestInstruction> bytes{};
  uint64_t target = 0;
  AppPc translation;
  AppPc return_to;                 ///< kApplication: what a call pushes
  const CallSite* site = nullptr;  ///< kCall

  bool is_code() const { return kind != Kind::kLabel; }
  uint32_t hot_bound() const;
  uint32_t cold_bound() const;
};

struct EditedList {
  std::vector<ListItem> items;
  uint32_t labels = 0;  ///< how many there are; those that something leads to are placed
  AppPc fall_through;
  std::shared_ptr<void> data;  ///< the tool's, for faults
};

}  // namespace weft::translate
