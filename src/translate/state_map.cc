#include "translate/state_map.h"

#include <array>
#include <cstring>

namespace weft::translate {
namespace {

// A record is one byte for an instruction that was copied: its length | kCopied. Any other is
// [cache length][app length | tag << 4]; a cache length of kLong is followed by two bytes. Tags:
// plain; mangled: followed by a count and that many zones; go-to: followed by pc and hot offset;
// seal.
enum Tag : uint8_t { kPlain = 0, kMangled = 1, kGoTo = 2, kSeal = 3 };
constexpr uint8_t kCopied = 0x80;
constexpr uint8_t kLong = 0x7F;
constexpr size_t kZoneBytes = 6;
constexpr size_t kMostZones = 16;

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> map)
      : cursor_(map.data()), end_(map.data() + map.size()) {}

  /// Moves to the next instruction record; false at the end.
  bool next() {
    pc = pc + app_length;
    hot_offset += cache_length;
    app_length = 0;
    cache_length = 0;
    zones = nullptr;
    while (cursor_ < end_) {
      const uint8_t first = *cursor_++;
      if ((first & kCopied) != 0) {
        app_length = cache_length = first & (kCopied - 1u);
        return true;
      }
      const uint8_t second = *cursor_++;
      const auto tag = static_cast<Tag>(second >> 4);
      if (tag == kGoTo) {
        pc = AppPc{take<uint64_t>()};
        hot_offset = take<uint32_t>();
        continue;
      }
      if (tag == kSeal) {
        sealed = true;
        continue;
      }
      app_length = second & 0x0F;
      cache_length = first == kLong ? take<uint16_t>() : first;
      if (tag == kMangled) {
        zone_count = *cursor_++;
        zones = cursor_;
        cursor_ += zone_count * kZoneBytes;
      }
      return true;
    }
    return false;
  }

  UndoZone zone(size_t index) const {
    const uint8_t* at = zones + index * kZoneBytes;
    UndoZone zone;
    zone.offset = at[0];
    zone.spilled_0 = at[1];
    zone.spilled_1 = at[2];
    zone.rcx_spilled = (at[3] & 1) != 0;
    zone.complete = (at[3] & 2) != 0;
    zone.uncuttable = (at[3] & 4) != 0;
    zone.hold = (at[3] & 8) != 0;
    zone.fresh = (at[3] & 32) != 0;
    zone.flags_spilled = (at[3] & 16) != 0;
    std::memcpy(&zone.rsp_delta, at + 4, sizeof zone.rsp_delta);
    return zone;
  }

  AppPc pc;
  uint32_t hot_offset = 0;
  uint32_t app_length = 0;
  uint32_t cache_length = 0;
  const uint8_t* zones = nullptr;
  size_t zone_count = 0;
  bool sealed = false;

 private:
  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, cursor_, sizeof value);
    cursor_ += sizeof value;
    return value;
  }

  const uint8_t* cursor_;
  const uint8_t* end_;
};

template <typename T>
void append(std::vector<uint8_t>& bytes, T value) {
  const auto* data = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), data, data + sizeof value);
}

void write_zone(const UndoZone& zone, uint8_t* to) {
  to[0] = zone.offset;
  to[1] = zone.spilled_0;
  to[2] = zone.spilled_1;
  to[3] = static_cast<uint8_t>((zone.rcx_spilled ? 1 : 0) | (zone.complete ? 2 : 0) |
                               (zone.uncuttable ? 4 : 0) | (zone.hold ? 8 : 0) |
                               (zone.flags_spilled ? 16 : 0) | (zone.fresh ? 32 : 0));
  std::memcpy(to + 4, &zone.rsp_delta, sizeof zone.rsp_delta);
}

uint64_t with_saved_flags(uint64_t flags, uint64_t saved) {
  constexpr uint64_t kOfLahf = 0xD5;  // carry, parity, adjust, zero, sign
  constexpr unsigned kOverflow = 11;
  flags &= ~(kOfLahf | uint64_t{1} << kOverflow);
  return flags | (saved >> 8 & kOfLahf) | (saved & 1) << kOverflow;
}

}  // namespace

void StateMapWriter::clear() { bytes_.clear(); }

void StateMapWriter::go_to(AppPc pc, uint32_t hot_offset) {
  bytes_.push_back(0);
  bytes_.push_back(kGoTo << 4);
  append(bytes_, pc.value);
  append(bytes_, hot_offset);
}

void StateMapWriter::seal() {
  bytes_.push_back(0);
  bytes_.push_back(kSeal << 4);
}

void StateMapWriter::add(uint32_t app_length, uint32_t cache_length,
                         std::span<const UndoZone> zones) {
  CHECK(app_length <= 15 && cache_length <= UINT16_MAX);
  if (zones.empty() && app_length == cache_length) {
    bytes_.push_back(static_cast<uint8_t>(kCopied | app_length));
    return;
  }
  const Tag tag = zones.empty() ? kPlain : kMangled;
  std::array<uint8_t, 5 + kMostZones * kZoneBytes> record;
  size_t size = 0;
  record[size++] = cache_length < kLong ? static_cast<uint8_t>(cache_length) : kLong;
  record[size++] = static_cast<uint8_t>(uint32_t{tag} << 4 | app_length);
  if (cache_length >= kLong) {
    const auto wide = static_cast<uint16_t>(cache_length);
    std::memcpy(record.data() + size, &wide, sizeof wide);
    size += sizeof wide;
  }
  if (tag == kMangled) {
    CHECK(zones.size() <= kMostZones);
    record[size++] = static_cast<uint8_t>(zones.size());
    for (const UndoZone& zone : zones) {
      write_zone(zone, record.data() + size);
      size += kZoneBytes;
    }
  }
  bytes_.insert(bytes_.end(), record.data(), record.data() + size);
}

std::optional<ProgramPoint> find_point(std::span<const uint8_t> map, uint32_t hot_offset) {
  Reader reader(map);
  while (reader.next()) {
    if (hot_offset < reader.hot_offset) return std::nullopt;
    const uint32_t inside = hot_offset - reader.hot_offset;
    if (inside >= reader.cache_length) continue;
    ProgramPoint point{reader.pc, {}, inside == 0, reader.app_length == 0};
    for (size_t i = 0; reader.zones != nullptr && i < reader.zone_count; ++i) {
      const UndoZone zone = reader.zone(i);
      if (zone.offset <= inside) point.undo = zone;
    }
    if (point.undo.complete) point.pc = reader.pc + reader.app_length;
    return point;
  }
  return std::nullopt;
}

std::optional<uint32_t> find_boundary(std::span<const uint8_t> map, AppPc pc) {
  Reader reader(map);
  while (reader.next()) {
    if (reader.pc == pc) return reader.hot_offset;
    if (reader.sealed) return std::nullopt;
  }
  return std::nullopt;
}

void undo(const ProgramPoint& point, const ThreadBlock& block, x86::CpuContext& context) {
  const UndoZone& zone = point.undo;
  if (zone.rcx_spilled) context[x86::kRcx] = block.spill_rcx;
  if (zone.spilled_0 != kNoReg) context.gpr[zone.spilled_0] = block.spill[0];
  if (zone.spilled_1 != kNoReg) context.gpr[zone.spilled_1] = block.spill[1];
  if (zone.flags_spilled) {
    context.rflags = with_saved_flags(context.rflags, block.spill[kFlagsSpill]);
  }
  context[x86::kRsp] += static_cast<uint64_t>(static_cast<int64_t>(zone.rsp_delta));
  context.rip = point.pc.value;
}

}  // namespace weft::translate
