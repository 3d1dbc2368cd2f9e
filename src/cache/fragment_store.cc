#include "cache/fragment_store.h"

#include <cstring>
#include <new>

#include "cache/links.h"

namespace weft::cache {
namespace {

struct Place {
  CachePc hot;
  CachePc cold;
  ExitId first_exit = kNoExit;
};

void write_field(CachePc at, uint32_t value) { std::memcpy(at.bytes(), &value, sizeof value); }

void apply(std::span<const Fixup> fixups, const Place& place) {
  for (const Fixup& fixup : fixups) {
    const CachePc field =
        (fixup.where == Fixup::Where::kHot ? place.hot : place.cold) + fixup.offset;
    uint64_t target = fixup.target;
    switch (fixup.kind) {
      case Fixup::Kind::kExitId:
        write_field(field, place.first_exit + static_cast<uint32_t>(target));
        continue;
      case Fixup::Kind::kHotRelative:
        target += place.hot.value;
        break;
      case Fixup::Kind::kColdRelative:
        target += place.cold.value;
        break;
      case Fixup::Kind::kRelative:
        break;
    }
    const auto distance = static_cast<int64_t>(target - (field.value + 4 + fixup.trailing));
    CHECK(distance == static_cast<int32_t>(distance));
    write_field(field, static_cast<uint32_t>(distance));
  }
}

void copy_code(CachePc to, std::span<const uint8_t> code) {
  if (!code.empty()) std::memcpy(to.bytes(), code.data(), code.size());
}

size_t record_bytes(size_t constituents, size_t entries, size_t map_bytes) {
  return sizeof(Fragment) + constituents * sizeof(KeptConstituent) + entries * sizeof(TagEntry*) +
         map_bytes;
}

}  // namespace

std::optional<FragmentStore::Room> FragmentStore::take_room(const FragmentSpec& spec) {
  Room room;
  const auto exit_count = static_cast<uint32_t>(spec.exits.size());
  if (exit_count > ExitTable::kLargestRun) return std::nullopt;
  const auto hot = parts_.space.take(Temperature::kHot, spec.hot.size());
  if (!hot) return std::nullopt;
  room.hot = *hot;
  bool complete = true;
  if (!spec.cold.empty()) {
    const auto cold = parts_.space.take(Temperature::kCold, spec.cold.size());
    if (cold) room.cold = *cold;
    complete = cold.has_value();
  }
  if (complete && exit_count != 0) {
    room.first_exit = parts_.exits.take(exit_count);
    complete = room.first_exit != kNoExit;
  }
  if (complete) room.id = parts_.fragments.take(1);
  if (room.id != 0) return room;
  give_back(room, exit_count);
  return std::nullopt;
}

void FragmentStore::give_back(const Room& room, uint32_t exit_count) {
  parts_.space.give(room.hot);
  if (room.cold.size != 0) parts_.space.give(room.cold);
  if (room.first_exit != kNoExit) parts_.exits.give(room.first_exit, exit_count);
  if (room.id != 0) parts_.fragments.give(room.id, 1);
}

Fragment* FragmentStore::make(const FragmentSpec& spec) {
  CHECK(!spec.entries.empty() && !spec.hot.empty());
  const std::optional<Room> room = take_room(spec);
  if (!room) return nullptr;
  // The builder has asked for their slots to be fetched.
  for (const Constituent& each : spec.constituents) parts_.tags.prefetch_entry(each.tag);
  for (const ExitSpec& each : spec.exits) parts_.tags.prefetch_entry(each.target);
  Fragment& fragment = make_record(spec, *room);
  keep_constituents(fragment, spec);
  lay_code(fragment, spec);
  lay_exits(fragment, spec);
  // Release: whoever finds the fragment by its id sees it whole.
  parts_.fragments.at(fragment.id_).store(&fragment, std::memory_order_release);
  parts_.space.set_owner(fragment.hot_, fragment.id_);
  if (fragment.cold_.size != 0) parts_.space.set_owner(fragment.cold_, fragment.id_);
  return &fragment;
}

Fragment& FragmentStore::make_record(const FragmentSpec& spec, const Room& room) {
  const size_t all = spec.entries.size() + spec.landings.size();
  const auto entries = static_cast<uint16_t>(all);
  CHECK(entries == all);
  const size_t bytes = record_bytes(spec.constituents.size(), entries, spec.state_map.size());
  const RecordPool::Record record = parts_.records.take(bytes);
  auto* fragment = new (record.memory) Fragment;
  fragment->record_stripe_ = record.stripe;
  fragment->sequence_ = parts_.next_sequence.fetch_add(1, std::memory_order_relaxed);
  fragment->tool_data_ = spec.tool_data;
  fragment->hot_ = room.hot;
  fragment->cold_ = room.cold;
  fragment->hot_start_ = parts_.space.address(room.hot.offset);
  if (room.cold.size != 0) fragment->cold_start_ = parts_.space.address(room.cold.offset);
  fragment->id_ = room.id;
  fragment->first_exit_ = room.first_exit;
  fragment->exit_count_ = static_cast<uint32_t>(spec.exits.size());
  fragment->kind_ = spec.kind;
  fragment->constituent_count_ = static_cast<uint16_t>(spec.constituents.size());
  fragment->first_entry_count_ = entries;
  fragment->state_map_size_ = static_cast<uint32_t>(spec.state_map.size());
  CHECK(fragment->constituent_count_ == spec.constituents.size());
  if (!spec.state_map.empty()) {
    std::memcpy(fragment->state_map_bytes(), spec.state_map.data(), spec.state_map.size());
  }
  fragment->entries_ = fragment->first_entries();
  fragment->entry_capacity_ = fragment->entry_count_ = entries;
  TagEntry** entry = fragment->entries_;
  for (const EntrySpec& each : spec.entries) *entry++ = &parts_.tags.find_or_make(each.tag);
  for (const LandingSpec& each : spec.landings) *entry++ = &parts_.tags.find_or_make(each.tag);
  fragment->head_ = fragment->entries_[0];
  fragment->called_ = spec.entries[0].called;
  keep_past_choices(*fragment, spec);
  parts_.counters.add(Count::kFragmentBytes, static_cast<int64_t>(bytes));
  return *fragment;
}

void FragmentStore::keep_past_choices(Fragment& fragment, const FragmentSpec& spec) {
  const size_t most = (spec.choice == 0 ? 0 : spec.entries.size()) + spec.past_choices.size();
  if (most == 0) return;
  CHECK(most <= UINT16_MAX);
  fragment.past_choice_ = std::make_unique<PastChoice[]>(most);
  const auto add = [&](size_t entry, uint32_t offset, uint8_t choice) {
    fragment.past_choice_[fragment.past_choice_count_++] = {fragment.entries_[entry],
                                                            fragment.hot_.offset + offset, choice};
  };
  for (size_t i = 0; i < spec.entries.size() && spec.choice != 0; ++i) {
    const uint32_t offset = spec.entries[i].past_choice;
    if (offset != EntrySpec::kNone) add(i, offset, spec.choice);
  }
  for (const PastChoiceSpec& each : spec.past_choices) add(each.entry, each.offset, each.choice);
}

void FragmentStore::keep_constituents(Fragment& fragment, const FragmentSpec& spec) {
  KeptConstituent* kept = fragment.constituents();
  for (const Constituent& constituent : spec.constituents) {
    const auto start = static_cast<int64_t>(constituent.bytes.start.value - constituent.tag.value);
    const uint64_t size = constituent.bytes.size();
    CHECK(start == static_cast<int32_t>(start) && size == static_cast<uint32_t>(size));
    *kept++ = {&parts_.tags.find_or_make(constituent.tag), static_cast<int32_t>(start),
               static_cast<uint32_t>(size)};
  }
}

void FragmentStore::lay_code(Fragment& fragment, const FragmentSpec& spec) {
  copy_code(fragment.hot_start_, spec.hot);
  copy_code(fragment.cold_start_, spec.cold);
  apply(spec.fixups, {fragment.hot_start_, fragment.cold_start_, fragment.first_exit_});
}

void FragmentStore::lay_exits(Fragment& fragment, const FragmentSpec& spec) {
  for (uint32_t i = 0; i < fragment.exit_count_; ++i) {
    const ExitSpec& from = spec.exits[i];
    CHECK(from.site % 8 <= 4 && from.site + 4 <= spec.hot.size() && from.stub < spec.cold.size());
    Exit& exit = parts_.exits.at(fragment.first_exit_ + i);
    exit = Exit{.target = &parts_.tags.find_or_make(from.target),
                .site = fragment.hot_.offset + from.site,
                .stub = fragment.cold_.offset + from.stub,
                .owner = fragment.id_,
                .previous = kNoExit,
                .registered = 0,
                .counted = from.counted ? 1u : 0u,
                .next = kNoExit,
                .linked = 0,
                .choice = from.choice,
                .calls = from.calls};
    CHECK(!exit.calls || (from.stub + CallExit::kField) % 8 <= 4);
    Links(parts_).send_to_stub(exit);
  }
}

void FragmentStore::destroy(Fragment& fragment) {
  const auto poison = [this](Slot slot) {
    constexpr int kTrap = 0xCC;
    if (parts_.options.poison) {
      std::memset(parts_.space.address(slot.offset).bytes(), kTrap, slot.size);
    }
  };
  {
    Locked held(parts_.fragment_lock(fragment.id_));
    parts_.fragments.at(fragment.id_).store(nullptr, std::memory_order_release);
  }
  poison(fragment.hot_);
  if (fragment.cold_.size != 0) poison(fragment.cold_);
  while (ExtraSlot* extra = fragment.extra_) {
    fragment.extra_ = extra->next;
    poison(extra->slot);
    parts_.space.give(extra->slot);
    parts_.records.give({extra, extra->record_stripe}, sizeof *extra);
  }
  const size_t bytes = record_bytes(fragment.constituent_count_, fragment.first_entry_count_,
                                    fragment.state_map_size_);
  parts_.counters.add(Count::kFragmentBytes, -static_cast<int64_t>(bytes));
  const Room room{fragment.hot_, fragment.cold_, fragment.first_exit_, fragment.id_};
  const uint32_t exit_count = fragment.exit_count_;
  give_entries(fragment);
  const RecordPool::Record record{&fragment, fragment.record_stripe_};
  fragment.~Fragment();
  parts_.records.give(record, bytes);
  give_back(room, exit_count);
}

void FragmentStore::give_entries(Fragment& fragment) {
  if (fragment.entries_ == fragment.first_entries()) return;
  parts_.records.give({fragment.entries_, fragment.entries_stripe_},
                      fragment.entry_capacity_ * sizeof(TagEntry*));
}

std::optional<uint32_t> FragmentStore::add_cold(Fragment& fragment, std::span<const uint8_t> code,
                                                std::span<const Fixup> fixups) {
  const auto slot = parts_.space.take(Temperature::kCold, code.size());
  if (!slot) return std::nullopt;
  const CachePc start = parts_.space.address(slot->offset);
  copy_code(start, code);
  apply(fixups, {fragment.hot_start_, start, fragment.first_exit_});
  parts_.space.set_owner(*slot, fragment.id_);
  const RecordPool::Record record = parts_.records.take(sizeof(ExtraSlot));
  Locked held(parts_.fragment_lock(fragment.id_));
  fragment.extra_ = new (record.memory) ExtraSlot{*slot, fragment.extra_, record.stripe};
  return slot->offset;
}

std::optional<uint32_t> FragmentStore::add_routine(std::span<const uint8_t> code,
                                                   std::span<const Fixup> fixups) {
  const auto slot = parts_.space.take_for_ever(code.size());
  if (!slot) return std::nullopt;
  const CachePc start = parts_.space.address(slot->offset);
  copy_code(start, code);
  apply(fixups, {start, start, kNoExit});
  return slot->offset;
}

}  // namespace weft::cache
