#include "cache/fragment.h"

#include "cache/part.h"
#include "cache/tag_entry.h"

namespace weft::cache {

AppPc Fragment::tag() const { return block_of_part(head_->tag); }

uint64_t Fragment::code_bytes() const { return uint64_t{hot_.size} + cold_.size; }

std::span<const uint8_t> Fragment::state_map() const {
  return {reinterpret_cast<const uint8_t*>(first_entries() + first_entry_count_), state_map_size_};
}

AppPc Fragment::constituent_tag(size_t index) const { return constituents()[index].entry->tag; }

AppRange Fragment::constituent_bytes(size_t index) const {
  const KeptConstituent& kept = constituents()[index];
  const AppPc start = kept.entry->tag + static_cast<uint64_t>(int64_t{kept.start});
  return {start, start + kept.size};
}

std::optional<AppRange> Fragment::constituent_at(AppPc pc) const {
  for (size_t i = 0; i < constituent_count_; ++i) {
    const AppRange bytes = constituent_bytes(i);
    if (bytes.contains(pc)) return bytes;
  }
  return std::nullopt;
}

uint32_t Fragment::past_choice(const TagEntry& entry, uint8_t choice) const {
  if (choice == 0) return 0;
  for (uint16_t i = 0; i < past_choice_count_; ++i) {
    const PastChoice& past = past_choice_[i];
    if (past.entry == &entry && past.choice == choice) return past.offset;
  }
  return 0;
}

bool Fragment::overlaps(AppRange range) const {
  for (size_t i = 0; i < constituent_count_; ++i) {
    if (constituent_bytes(i).overlaps(range)) return true;
  }
  return false;
}

}  // namespace weft::cache
