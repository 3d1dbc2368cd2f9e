// What tools insert at a place of the program. Values; what they point to is the fragment's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "translate/snippet.h"
#include "translate/thread_block.h"
#include "x86/instruction_info.h"

namespace weft::translate {

/// What a clean call finds its arguments by. Derived from by whoever carries the call out; owned by
/// the fragment's FragmentData.
struct CallSite {
  AppPc pc;                      ///< the instruction that the program is at
  void (*function)() = nullptr;  ///< null: whoever carries it out knows what is to be done
  /// If it is not null, `function` and this touch neither vector nor x87 state, which is therefore
  /// not saved: writes `function`'s arguments, and context.rip.
  void (*make_arguments)(const CallSite& site, ThreadBlock& block, uint64_t* six) = nullptr;
};

/// A 64-bit word of a tool's: of the thread's block, or shared, in reach of code memory.
struct Word {
  bool per_thread = false;
  uint32_t index = 0;    ///< into ThreadBlock::tool_words
  uint64_t address = 0;  ///< if shared
  uint32_t parts = 1;    ///< per_thread: so many words from `index` on, of which the sum counts

  bool operator==(const Word&) const = default;
};

/// The insertion runs only if the word compares so.
struct Guard {
  enum class Kind : uint8_t { kNone, kNonZero, kZero, kLess, kEqual };
  Kind kind = Kind::kNone;
  Word word;
  int32_t bound = 0;
};

/// A field of a record: from where, and how many bytes.
struct RecordField {
  enum class Source : uint8_t { kConstant, kRegister, kAddress, kThreadId, kWord };
  Source source = Source::kConstant;
  uint8_t width = 8;
  uint64_t constant = 0;      ///< kConstant; kRegister: its number; kWord: index into tool_words
  x86::MemoryOperand memory;  ///< kAddress
};

struct Insertion {
  enum class Kind : uint8_t { kAdd, kAddAtomic, kSet, kSetOnce, kCall, kRecord, kCode, kSnippet };
  Kind kind = Kind::kAdd;
  Guard guard;
  Word word;  ///< kAdd, kAddAtomic, kSet, kSetOnce (shared). kRecord: where the next record goes
  int32_t amount = 0;  ///< kAdd, kAddAtomic, kSet, kSetOnce
  bool waits = false;  ///< kSetOnce: it may run again until settle_set_once()
  uint32_t limit = 0;  ///< kRecord: tool_words index of minus the address of the buffer's end
  const CallSite* site = nullptr;  ///< kCall; kRecord: called when the buffer is full
  std::vector<RecordField> fields;
  std::vector<uint8_t> code;
  std::vector<SnippetStep> steps;  ///< kSnippet
  uint16_t scratch = 0;            ///< kCode: registers to save around it, two at most
  /// kCall: flags that are dead for the program are of no interest to it.
  bool ignores_flags = false;

  /// Whether it looks at the program's registers or flags.
  bool observes() const;
  bool observes_flags() const;
  /// Whether its emission is shorter where flags or registers are dead.
  bool wants_free() const;
  /// Whether its emission asks for dead registers although the flags are dead.
  bool wants_registers() const;
  /// No emission of it takes more bytes.
  uint32_t size_bound() const;
  uint32_t cold_bound() const;  ///< of cold code
};

/// What may be changed at a place without saving it.
struct FreeState {
  bool flags = false;
  uint16_t registers = 0;
};

/// No emission takes more bytes.
struct SizeBound {
  uint32_t hot = 0;
  uint32_t cold = 0;
};

}  // namespace weft::translate
