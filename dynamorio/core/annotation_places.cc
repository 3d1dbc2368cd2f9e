#include "core/annotation_places.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace weft::dynamorio {
namespace {

// jmp over the next two; mov rax, [GOT]; bsf or bsr rax, [label's place in it]; jmp to what is
// native. Both operands are relative to the instruction's displacement and to the GOT.
constexpr std::array<uint8_t, 2> kJump = {0xEB, 0x11};
constexpr std::array<uint8_t, 4> kLoad = {0x48, 0x8B, 0x04, 0x25};
constexpr std::array<uint8_t, 5> kForward = {0x48, 0x0F, 0xBC, 0x04, 0x25};
constexpr std::array<uint8_t, 5> kBackward = {0x48, 0x0F, 0xBD, 0x04, 0x25};
constexpr size_t kWord = 4;
constexpr size_t kLoadAt = kJump.size();
constexpr size_t kScanAt = kLoadAt + kLoad.size() + kWord;
constexpr size_t kOverAt = kScanAt + kForward.size() + kWord;
constexpr uint8_t kShortJump = 0xEB;
constexpr uint8_t kLongJump = 0xE9;
constexpr size_t kShortBytes = 2;
constexpr size_t kLongBytes = 5;

constexpr std::string_view kLabel = "dynamorio-annotation:";
constexpr size_t kMostName = 512;

constexpr std::array<uint8_t, 19> kRequest = {0x48, 0xC1, 0xC7, 0x03, 0x48, 0xC1, 0xC7,
                                              0x0D, 0x48, 0xC1, 0xC7, 0x3D, 0x48, 0xC1,
                                              0xC7, 0x33, 0x48, 0x87, 0xDB};
constexpr size_t kExchangeAt = 16;

using Bytes = std::array<uint8_t, kOverAt + kLongBytes>;

template <size_t count>
bool has(const Bytes& bytes, size_t at, const std::array<uint8_t, count>& wanted) {
  return std::equal(wanted.begin(), wanted.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
}

Address signed_word(const Bytes& bytes, size_t at) {
  int32_t word = 0;
  std::memcpy(&word, &bytes[at], sizeof word);
  return static_cast<Address>(int64_t{word});
}

std::optional<Address> read_pointer(Process& process, Address from) {
  Address value = 0;
  if (process.read_memory(from, &value, sizeof value) != sizeof value) return std::nullopt;
  return value;
}

/// What stands behind "dynamorio-annotation:TYPE:" at `text`.
std::optional<std::string> name_at(Process& process, Address text) {
  std::array<char, kMostName> buffer{};
  const size_t read = process.read_memory(text, buffer.data(), buffer.size() - 1);
  const std::string_view label(buffer.data(), strnlen(buffer.data(), read));
  if (!label.starts_with(kLabel)) return std::nullopt;
  const size_t type_end = label.find(':', kLabel.size());
  if (type_end == std::string_view::npos) return std::nullopt;
  return std::string(label.substr(type_end + 1));
}

}  // namespace

bool begins_annotation(Address pc) {
  return std::memcmp(reinterpret_cast<const void*>(pc), kJump.data(), kJump.size()) == 0;
}

bool is_exchange(Address pc) {
  return std::memcmp(reinterpret_cast<const void*>(pc), &kRequest[kExchangeAt],
                     kRequest.size() - kExchangeAt) == 0;
}

std::optional<AnnotationPlace> annotation_at(Process& process, Address pc) {
  Bytes bytes{};
  const size_t read = process.read_memory(pc, bytes.data(), bytes.size());
  if (read < kOverAt + kShortBytes || !has(bytes, 0, kJump) || !has(bytes, kLoadAt, kLoad)) {
    return std::nullopt;
  }
  AnnotationPlace place;
  place.is_call = has(bytes, kScanAt, kForward);
  if (!place.is_call && !has(bytes, kScanAt, kBackward)) return std::nullopt;
  const size_t load_word = kLoadAt + kLoad.size();
  const Address got = pc + load_word + signed_word(bytes, load_word);
  const auto variable = read_pointer(process, got + signed_word(bytes, kScanAt + kForward.size()));
  const auto text = variable ? read_pointer(process, *variable) : std::nullopt;
  std::optional<std::string> name = text ? name_at(process, *text) : std::nullopt;
  if (!name) return std::nullopt;
  place.name = std::move(*name);
  place.end = pc + kOverAt;
  if (bytes[kOverAt] == kShortJump) {
    place.inside = place.end + kShortBytes;
  } else if (bytes[kOverAt] == kLongJump) {
    place.inside = place.end + kLongBytes;
  } else {
    return std::nullopt;
  }
  return place;
}

bool ends_request(Process& process, Address pc) {
  std::array<uint8_t, kRequest.size()> bytes{};
  return process.read_memory(pc - kExchangeAt, bytes.data(), bytes.size()) == bytes.size() &&
         bytes == kRequest;
}

}  // namespace weft::dynamorio
