#include "translate/insertion.h"

#include <algorithm>

namespace weft::translate {

bool Insertion::observes() const {
  using Source = RecordField::Source;
  if (kind == Kind::kCall || kind == Kind::kCode || site != nullptr) return true;
  if (registers_read(steps) != 0) return true;
  return std::any_of(fields.begin(), fields.end(), [](const RecordField& field) {
    return field.source == Source::kRegister || field.source == Source::kAddress;
  });
}

bool Insertion::observes_flags() const {
  // The flush of a full buffer is shown records alone.
  return (kind == Kind::kCall && !ignores_flags) || kind == Kind::kCode;
}

bool Insertion::wants_free() const {
  const bool stores = kind == Kind::kSet || kind == Kind::kSetOnce;
  return !stores || guard.kind != Guard::Kind::kNone;
}

bool Insertion::wants_registers() const {
  const bool counts = kind == Kind::kAdd || kind == Kind::kAddAtomic || kind == Kind::kSet ||
                      kind == Kind::kSetOnce;
  return !counts || guard.kind != Guard::Kind::kNone;
}

uint32_t Insertion::size_bound() const {
  constexpr uint32_t kGuard = 96;
  constexpr uint32_t kCall = 64;
  constexpr uint32_t kField = 48;
  constexpr uint32_t kMovedAddress = 160;
  constexpr uint32_t kSaving = 96;
  uint32_t size = kGuard + kSaving;
  if (site != nullptr) size += kCall;
  size += kField * static_cast<uint32_t>(fields.size());
  for (const RecordField& field : fields) {
    if (field.memory.is_moved()) size += kMovedAddress;
  }
  if (kind == Kind::kSnippet) size += snippet_bound(steps);
  return size + static_cast<uint32_t>(code.size());
}

uint32_t Insertion::cold_bound() const {
  constexpr uint32_t kSetOnce = 32;
  return kind == Kind::kSetOnce ? kSetOnce : 0;
}

}  // namespace weft::translate
