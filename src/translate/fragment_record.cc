#include "translate/fragment_record.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace weft::translate {
namespace {

using cache::CallExit;
using cache::Fixup;

// Records are of one build of weft and one machine: the fields are as they are in memory. Program
// addresses are relative to the tag, but for those in code and map.

struct Header {
  uint64_t tag;
  uint32_t instruction_count;
  uint32_t map_size;
  uint32_t source_size;
  uint32_t fixup_count;
  uint32_t exit_count;
  uint32_t entry_count;
  uint32_t landing_count;
  uint32_t constituent_count;
  uint32_t block_count;
  uint32_t address_count;
  uint32_t return_count;
  uint32_t constant_count;
  uint16_t hot_size;
  uint16_t cold_size;
  uint8_t bound;
  uint8_t pairs_returns;
};

/// What a kRelative fixup of a draft refers to is a routine or in the program.
enum class FixupTarget : uint8_t { kProgram, kRoutine, kHot, kCold, kExit };

struct FixupRecord {
  int32_t target;  ///< as its kind says: from the tag, a routine's number, an offset, an exit
  uint16_t offset;
  FixupTarget kind;
  uint8_t where_and_trailing;  ///< bit 0: in cold code
};

struct ExitRecord {
  int32_t target;
  uint16_t site;
  uint16_t stub;
  uint16_t counted;
  uint16_t calls;
};

struct EntryRecord {
  int32_t tag;
  uint16_t direct;
  uint16_t indirect;  ///< kNoOffset: none; kCalled: none, but one of calls
};

struct LandingRecord {
  int32_t tag;
  uint32_t indirect;
};

struct ConstituentRecord {
  int32_t tag;
  uint32_t size;
};

struct ConstantRecord {
  int32_t slot;
  int32_t target;
};

constexpr uint16_t kNoOffset = 0xFFFF;
constexpr uint16_t kCalled = 0xFFFE;
static_assert(Draft::kHotCapacity < kCalled && Draft::kColdCapacity < kCalled);

constexpr CachePc Routines::*kRoutines[] = {
    &Routines::link_exit, &Routines::head_exit,  &Routines::indirect_miss,
    &Routines::syscall,   &Routines::emulate,    &Routines::hash_mismatch,
    &Routines::stale,     &Routines::clean_call, &Routines::light_call};

std::optional<int32_t> distance(AppPc tag, uint64_t address) {
  const auto value = static_cast<int64_t>(address - tag.value);
  if (value != static_cast<int32_t>(value)) return std::nullopt;
  return static_cast<int32_t>(value);
}

AppPc at_distance(AppPc tag, int32_t value) {
  return tag + static_cast<uint64_t>(static_cast<int64_t>(value));
}

/// Appends to a record; remembers whether everything could be said.
class Writer {
 public:
  Writer(AppPc tag, std::vector<uint8_t>& out) : tag_(tag), out_(out) { out_.clear(); }

  template <typename T>
  void add(const T& item) {
    bytes({reinterpret_cast<const uint8_t*>(&item), sizeof item});
  }
  void bytes(std::span<const uint8_t> data) { out_.insert(out_.end(), data.begin(), data.end()); }
  int32_t relative(AppPc pc) {
    const auto value = distance(tag_, pc.value);
    complete = complete && value;
    return value.value_or(0);
  }

  bool complete = true;

 private:
  const AppPc tag_;
  std::vector<uint8_t>& out_;
};

/// Takes a record apart; everything it gives is within bounds, or it has failed.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, AppPc tag) : bytes_(bytes), tag_(tag) {}

  template <typename T>
  bool take(T& item) {
    const std::span<const uint8_t> data = bytes(sizeof item);
    if (data.empty()) return false;
    std::memcpy(&item, data.data(), sizeof item);
    return true;
  }
  std::span<const uint8_t> bytes(size_t size) {
    if (size > bytes_.size()) {
      failed = true;
      return {};
    }
    const std::span<const uint8_t> data = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return data;
  }
  AppPc address(int32_t value) const { return at_distance(tag_, value); }
  bool at_end() const { return bytes_.empty(); }

  bool failed = false;

 private:
  std::span<const uint8_t> bytes_;
  const AppPc tag_;
};

FixupRecord record_of(const Fixup& fixup, const Environment& environment, Writer& out) {
  FixupRecord record{};
  record.offset = static_cast<uint16_t>(fixup.offset);
  record.where_and_trailing = static_cast<uint8_t>(fixup.trailing << 1);
  if (fixup.where == Fixup::Where::kCold) record.where_and_trailing |= 1;
  record.target = static_cast<int32_t>(fixup.target);
  switch (fixup.kind) {
    case Fixup::Kind::kHotRelative:
      record.kind = FixupTarget::kHot;
      return record;
    case Fixup::Kind::kColdRelative:
      record.kind = FixupTarget::kCold;
      return record;
    case Fixup::Kind::kExitId:
      record.kind = FixupTarget::kExit;
      return record;
    case Fixup::Kind::kRelative:
      break;
  }
  const auto* routine = std::find_if(
      std::begin(kRoutines), std::end(kRoutines),
      [&](CachePc Routines::*each) { return (environment.routines.*each).value == fixup.target; });
  if (routine != std::end(kRoutines)) {
    record.kind = FixupTarget::kRoutine;
    record.target = static_cast<int32_t>(routine - std::begin(kRoutines));
  } else {
    record.kind = FixupTarget::kProgram;
    record.target = out.relative({fixup.target});
  }
  return record;
}

/// The number of constituents that come before those of entries inside others, whose bytes the
/// source has; 0 if it is not whole.
size_t count_blocks(const Draft& draft) {
  size_t size = 0;
  for (size_t i = 0; i < draft.constituents.size(); ++i) {
    size += draft.constituents[i].bytes.size();
    if (size == draft.source.size()) return i + 1;
  }
  return 0;
}

bool is_plain(const Draft& draft) {
  const auto is_switched = [](const cache::EntrySpec& entry) {
    return entry.past_choice != cache::EntrySpec::kNone;
  };
  return !draft.tool_data && draft.entry_choice == 0 && draft.choice == 0 &&
         draft.past_choices.empty() &&
         std::none_of(draft.entries.begin(), draft.entries.end(), is_switched);
}

Header header_of(const Draft& draft, uint32_t instruction_count) {
  Header header{};
  header.tag = draft.entries.front().tag.value;
  header.instruction_count = instruction_count;
  header.map_size = static_cast<uint32_t>(draft.map.bytes().size());
  header.source_size = static_cast<uint32_t>(draft.source.size());
  header.fixup_count = static_cast<uint32_t>(draft.fixups.size());
  header.exit_count = static_cast<uint32_t>(draft.exits.size());
  header.entry_count = static_cast<uint32_t>(draft.entries.size());
  header.landing_count = static_cast<uint32_t>(draft.landings.size());
  header.constituent_count = static_cast<uint32_t>(draft.constituents.size());
  header.block_count = static_cast<uint32_t>(count_blocks(draft));
  header.address_count =
      static_cast<uint32_t>(draft.address_fields.size() + draft.map.addresses().size());
  header.return_count = static_cast<uint32_t>(draft.return_addresses.size());
  header.constant_count = static_cast<uint32_t>(draft.constants.size());
  header.hot_size = static_cast<uint16_t>(draft.hot.position());
  header.cold_size = static_cast<uint16_t>(draft.cold.position());
  header.bound = draft.bound ? 1 : 0;
  header.pairs_returns = draft.pairs_returns ? 1 : 0;
  return header;
}

void write_places(const Draft& draft, Writer& out) {
  for (const cache::ExitSpec& exit : draft.exits) {
    out.add(ExitRecord{out.relative(exit.target), static_cast<uint16_t>(exit.site),
                       static_cast<uint16_t>(exit.stub), uint16_t{exit.counted},
                       uint16_t{exit.calls}});
  }
  for (const cache::EntrySpec& entry : draft.entries) {
    const bool none = entry.indirect == cache::EntrySpec::kNone;
    const uint16_t indirect = none ? kNoOffset : static_cast<uint16_t>(entry.indirect);
    out.add(EntryRecord{out.relative(entry.tag), static_cast<uint16_t>(entry.direct),
                        entry.called ? kCalled : indirect});
  }
  for (const cache::LandingSpec& landing : draft.landings) {
    out.add(LandingRecord{out.relative(landing.tag), landing.indirect});
  }
  for (const cache::Constituent& constituent : draft.constituents) {
    // Blocks begin at their tags.
    out.complete = out.complete && constituent.bytes.start == constituent.tag;
    out.add(ConstituentRecord{out.relative(constituent.tag),
                              static_cast<uint32_t>(constituent.bytes.size())});
  }
  for (const ConstantSlot& constant : draft.constants) {
    out.add(ConstantRecord{out.relative(constant.slot), out.relative(constant.target)});
  }
}

/// Whether a 4-byte field lies at `offset` of code of `size` bytes.
bool holds_field(size_t size, uint64_t offset) { return offset + 4 <= size; }

bool read_fixup(Reader& in, const Header& header, Draft& draft) {
  FixupRecord record;
  if (!in.take(record)) return false;
  const bool cold = (record.where_and_trailing & 1) != 0;
  Fixup fixup{cold ? Fixup::Where::kCold : Fixup::Where::kHot, Fixup::Kind::kRelative,
              static_cast<uint8_t>(record.where_and_trailing >> 1), record.offset, 0};
  const auto number = static_cast<uint32_t>(record.target);
  bool valid = holds_field(cold ? header.cold_size : header.hot_size, record.offset);
  switch (record.kind) {
    case FixupTarget::kProgram:
      fixup.target = in.address(record.target).value;
      valid = valid && draft.reaches(fixup.target);
      break;
    case FixupTarget::kRoutine:
      valid = valid && number < std::size(kRoutines);
      if (valid) fixup.target = (draft.environment.routines.*kRoutines[number]).value;
      break;
    case FixupTarget::kHot:
      fixup.kind = Fixup::Kind::kHotRelative;
      fixup.target = number;
      valid = valid && number <= header.hot_size;
      break;
    case FixupTarget::kCold:
      fixup.kind = Fixup::Kind::kColdRelative;
      fixup.target = number;
      valid = valid && number <= header.cold_size;
      break;
    case FixupTarget::kExit:
      fixup.kind = Fixup::Kind::kExitId;
      fixup.target = number;
      valid = valid && number < header.exit_count;
      break;
    default:
      valid = false;
  }
  draft.fixups.push_back(fixup);
  return valid;
}

bool read_exits(Reader& in, const Header& header, Draft& draft) {
  for (uint32_t i = 0; i < header.exit_count; ++i) {
    ExitRecord record;
    if (!in.take(record)) return false;
    if (!holds_field(header.hot_size, record.site) || record.site % 8 > 4) return false;
    const bool calls = record.calls != 0;
    const uint32_t field = record.stub + (calls ? CallExit::kField : 0);
    if (!holds_field(header.cold_size, field) || (calls && field % 8 > 4)) return false;
    draft.exits.push_back(
        {record.site, record.stub, in.address(record.target), record.counted != 0, 0, calls});
  }
  return true;
}

bool read_entries(Reader& in, const Header& header, Draft& draft) {
  for (uint32_t i = 0; i < header.entry_count; ++i) {
    EntryRecord record;
    if (!in.take(record) || record.direct >= header.hot_size) return false;
    const bool called = record.indirect == kCalled;
    const bool none = record.indirect == kNoOffset || called;
    if (!none && record.indirect >= header.hot_size) return false;
    if (called && record.direct < CallExit::kPopSize) return false;
    cache::EntrySpec entry{in.address(record.tag), record.direct};
    if (!none) entry.indirect = record.indirect;
    entry.called = called;
    draft.entries.push_back(entry);
  }
  for (uint32_t i = 0; i < header.landing_count; ++i) {
    LandingRecord record;
    if (!in.take(record) || record.indirect >= header.hot_size) return false;
    draft.landings.push_back({in.address(record.tag), record.indirect});
  }
  return true;
}

bool read_constituents(Reader& in, const Header& header, Draft& draft) {
  uint64_t source_size = 0;
  for (uint32_t i = 0; i < header.constituent_count; ++i) {
    ConstituentRecord record;
    if (!in.take(record) || record.size == 0 || record.size > Draft::kHotCapacity) return false;
    const AppPc tag = in.address(record.tag);
    draft.constituents.push_back({tag, {tag, tag + record.size}, 0});
    if (i < header.block_count) source_size += record.size;
  }
  return source_size == header.source_size;
}

/// The last constituents, with what is in their bytes.
bool read_constants(Reader& in, const Header& header, Draft& draft) {
  if (header.constant_count > header.constituent_count - header.block_count) return false;
  const auto last = std::span(draft.constituents).last(header.constant_count);
  for (const cache::Constituent& constituent : last) {
    ConstantRecord record;
    if (!in.take(record)) return false;
    draft.constants.push_back({in.address(record.slot), in.address(record.target), 0});
    if (constituent.bytes != draft.constants.back().bytes()) return false;
  }
  return true;
}

/// The program addresses in code and map, all of which moved by `moved`.
bool read_address_fields(Reader& in, const Header& header, uint64_t moved, Draft& draft) {
  for (uint32_t i = 0; i < header.address_count; ++i) {
    AddressField field;
    if (!in.take(field) || !draft.move_address(field, moved)) return false;
  }
  return true;
}

bool read_return_addresses(Reader& in, const Header& header, Draft& draft) {
  for (uint32_t i = 0; i < header.return_count; ++i) {
    int32_t target = 0;
    if (!in.take(target)) return false;
    draft.return_addresses.push_back(in.address(target));
  }
  return true;
}

bool read_code(Reader& in, const Header& header, Draft& draft) {
  const auto hot = in.bytes(header.hot_size);
  const auto cold = in.bytes(header.cold_size);
  const auto map = in.bytes(header.map_size);
  return !in.failed && draft.take_code(hot, cold, map);
}

bool read_fixups(Reader& in, const Header& header, Draft& draft) {
  for (uint32_t i = 0; i < header.fixup_count; ++i) {
    if (!read_fixup(in, header, draft)) return false;
  }
  return true;
}

/// Whether it may be of use at `tag`, by its header.
bool is_for(const Header& header, AppPc tag, const Draft& draft) {
  if (header.pairs_returns != (draft.pairs_returns ? 1 : 0)) return false;
  if (header.bound != 0 && header.tag != tag.value) return false;
  return header.entry_count != 0 && header.block_count != 0 &&
         header.block_count <= header.constituent_count;
}

}  // namespace

bool write_record(const Draft& draft, uint32_t instruction_count, std::vector<uint8_t>& record) {
  if (!is_plain(draft)) return false;
  const Header header = header_of(draft, instruction_count);
  if (header.block_count == 0) return false;
  Writer out({header.tag}, record);
  out.add(header);
  out.bytes(draft.hot.code());
  out.bytes(draft.cold.code());
  out.bytes(draft.map.bytes());
  out.bytes(draft.source);
  for (const Fixup& fixup : draft.fixups) out.add(record_of(fixup, draft.environment, out));
  write_places(draft, out);
  for (const AddressField& field : draft.address_fields) out.add(field);
  for (const uint32_t offset : draft.map.addresses()) {
    out.add(AddressField{AddressField::Where::kMap, offset});
  }
  for (const AppPc target : draft.return_addresses) out.add(out.relative(target));
  return out.complete;
}

std::optional<RecordedSource> read_record(std::span<const uint8_t> record, AppPc tag,
                                          Draft& draft) {
  Reader in(record, tag);
  Header header;
  if (!in.take(header) || !is_for(header, tag, draft)) return std::nullopt;
  if (!read_code(in, header, draft)) return std::nullopt;
  const RecordedSource source{in.bytes(header.source_size), header.block_count,
                              header.instruction_count};
  const bool whole = read_fixups(in, header, draft) && read_exits(in, header, draft) &&
                     read_entries(in, header, draft) && read_constituents(in, header, draft) &&
                     read_constants(in, header, draft) &&
                     read_address_fields(in, header, tag.value - header.tag, draft) &&
                     read_return_addresses(in, header, draft) && in.at_end();
  if (!whole || draft.entries.front().tag != tag || draft.constituents.front().tag != tag) {
    return std::nullopt;
  }
  return source;
}

}  // namespace weft::translate
