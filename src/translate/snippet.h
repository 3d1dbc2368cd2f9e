// What tools' snippets do, operation by operation, and their emission. Steps are owned by the plan
// of their block; emission works on one Draft, on the thread that owns it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "translate/draft.h"
#include "x86/memory_operand.h"

namespace weft::translate {

inline constexpr unsigned kSnippetScratches = 2;
inline constexpr uint32_t kMostSnippetSteps = 64;

/// One operation. `to` and `from` are numbers of scratch registers.
struct SnippetStep {
  enum class Kind : uint8_t {
    kConstant,    ///< to = number
    kRegister,    ///< to = the program's register `number`
    kAddress,     ///< to = address of `memory`
    kThreadWord,  ///< to = the word at offset `number` of the thread's block
    kCopy,        ///< to = from
    kLoad,        ///< to = `width` bytes at [from + number]
    kStore,       ///< [to + number] = low `width` bytes of from
    kCountByte,   ///< the byte at [to + number] + 1, where 255 is followed by 1
    kStoreWord,   ///< the word at offset `number` of the thread's block = from
    kCompute,     ///< to = to `alu` (from, or number if `constant`)
    kBitLength,   ///< to = the number of its bits, if it is less than 2^63
    kShift,       ///< to = to shifted by `number`, to the left if positive
    kSkip,        ///< to the step kHere with the same `label` if comparing sets `condition`
    kHere,
  };
  Kind kind = Kind::kConstant;
  uint8_t to = 0;
  uint8_t from = 0;
  uint8_t width = 8;
  bool constant = false;
  x86::Alu alu = x86::Alu::kAdd;
  uint8_t condition = 0;
  uint32_t label = 0;
  uint64_t number = 0;
  x86::MemoryOperand memory;
};

/// Where in the hot code the steps themselves are, behind what saves and before what restores.
struct SnippetPlaces {
  uint32_t start = 0;
  uint32_t end = 0;
  UndoZone inside;
};

/// The program's registers whose values the steps want.
uint16_t registers_read(std::span<const SnippetStep> steps);
/// Whether they change memory.
bool stores(std::span<const SnippetStep> steps);
/// No emission of them takes more bytes, with what saves and restores.
uint32_t snippet_bound(std::span<const SnippetStep> steps);
/// `flags_free`, `registers_free`: what need not be kept.
SnippetPlaces emit_snippet(Draft& draft, std::span<const SnippetStep> steps, bool flags_free,
                           uint16_t registers_free);

}  // namespace weft::translate
