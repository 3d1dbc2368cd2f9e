// What a translator hands over for a fragment: code, and what leads out of it and into it. Values;
// the spans are read during CodeCache::publish() only.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "cache/fragment.h"

namespace weft::cache {

/// A 4-byte field of a fragment's code that depends on where the code comes to lie.
struct Fixup {
  enum class Where : uint8_t { kHot, kCold };
  enum class Kind : uint8_t {
    kRelative,      ///< field = target - (address of field + 4 + trailing)
    kHotRelative,   ///< the same, with `target` an offset into this fragment's hot code
    kColdRelative,  ///< the same, with `target` an offset into this fragment's cold code
    kExitId,        ///< field = ExitId of exits[target]
  };
  Where where;
  Kind kind;
  uint8_t trailing = 0;  ///< instruction bytes after the field (an immediate)
  uint32_t offset;       ///< of the field in its code
  uint64_t target;
};

/// One direct exit: `site` is the rel32 field of a jump in the hot code which, unlinked, goes to
/// the stub at `stub` in the cold code. (site % 8) <= 4, so that patching it is one aligned-enough
/// store.
struct ExitSpec {
  uint32_t site;
  uint32_t stub;
  AppPc target;
  /// Not linked until its target has a trace or link_counted() is called, so that the dispatcher
  /// can count how often it is taken.
  bool counted = false;
  /// If it is not 0 and the target has an entry past the choice for the same outcome, the exit
  /// goes there.
  uint8_t choice = 0;
  /// `site` is that of a call: see CallExit. It goes to EntrySpec::called if its target has that.
  bool calls = false;
};

/// The stub of an exit that is a call takes the address that the call pushed off the stack, by an
/// instruction of this size, and goes on by a jmp, whose rel32 field the cache patches, too: to the
/// direct entry of the target or, unlinked, to what follows it. `kField` is an offset in the stub;
/// (stub + kField) % 8 <= 4.
struct CallExit {
  static constexpr uint32_t kPopSize = 5;  ///< lea rsp, [rsp + 8]
  static constexpr uint32_t kField = kPopSize + 1;
  static constexpr uint32_t kUnlinked = kField + 4;
};

/// A tag that leads into the fragment. entries[0] is the fragment's own tag.
struct EntrySpec {
  static constexpr uint32_t kNone = ~uint32_t{0};
  AppPc tag;
  uint32_t direct;  ///< offset in hot code, where links go
  uint32_t indirect =
      kNone;  ///< offset in hot code, where indirect branches go; kNone: not made yet
  /// Offset in hot code of what the entry chooses most often; see FragmentSpec::choice.
  uint32_t past_choice = kNone;
  /// Of the fragment's own tag: code of CallExit::kPopSize bytes stands ahead of `direct` that
  /// takes a call's address off the stack.
  bool called = false;
};

/// Where exits with `choice` enter at an entry, beside EntrySpec::past_choice.
struct PastChoiceSpec {
  uint32_t entry;   ///< index into FragmentSpec::entries
  uint32_t offset;  ///< in hot code
  uint8_t choice;
};

/// Code of the fragment that only leads on to the block of a tag, by an exit, and that indirect
/// branches to the tag are to go through: where the CPU expects the return of a call.
struct LandingSpec {
  AppPc tag;
  uint32_t indirect;  ///< offset in hot code
};

/// A basic block whose code the fragment contains: its tag, its bytes, and the generation that
/// CodeCache::generation(tag) had before the bytes were read.
struct Constituent {
  AppPc tag;
  AppRange bytes;
  uint64_t generation;
};

struct FragmentSpec {
  FragmentKind kind = FragmentKind::kBlock;
  std::span<const uint8_t> hot;
  std::span<const uint8_t> cold;
  std::span<const Fixup> fixups;
  std::span<const ExitSpec> exits;
  std::span<const EntrySpec> entries;
  std::span<const PastChoiceSpec> past_choices;
  std::span<const LandingSpec> landings;
  std::span<const Constituent> constituents;
  std::span<const uint8_t> state_map;  ///< opaque here; kept with the fragment
  void* tool_data = nullptr;           ///< opaque; handed to the listener with the death
  /// Not 0: the entries begin with a choice. Exits that know of this outcome go past it.
  uint8_t choice = 0;
};

/// Part of the code of an indirect entry: goes past the choice.
struct PastChoiceJump {
  uint32_t entry = 0;  ///< offset in the code
  uint32_t jump = 0;   ///< rel32 field that goes where exits with `choice` enter
  uint8_t choice = 0;  ///< 0: there is none
};

}  // namespace weft::cache
