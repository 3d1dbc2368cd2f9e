#include "common/memtrace_format.h"

#include "common/memtrace_encoder.h"

namespace weft::tools {
namespace {

constexpr std::string_view kMagic{"WEFTMEM\x01", 8};
constexpr size_t kHeaderBytes = 16;

void put_fixed(char* out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

uint64_t unzigzag(uint64_t value) { return (value >> 1) ^ (0 - (value & 1)); }

}  // namespace

std::string memtrace_header(uint32_t pid) {
  std::string out(kMagic);
  out.resize(kHeaderBytes);
  put_fixed(out.data() + kMagic.size(), pid, 4);
  return out;
}

std::string_view MemtraceEncoder::take(uint64_t thread) {
  begin(0);
  const std::string_view chunk{chunk_.data(), size()};
  put_fixed(chunk_.data(), chunk.size() - kMemtraceChunkHeader, 4);
  put_fixed(chunk_.data() + 4, cursor_.count_, 4);
  put_fixed(chunk_.data() + 8, thread, 8);
  cursor_ = {};
  return chunk;
}

MemtraceReader::MemtraceReader(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) {
    fail("this is no memory trace");
    return;
  }
  pid_ = static_cast<uint32_t>(fixed(kMagic.size(), 4));
  at_ = kHeaderBytes;
}

bool MemtraceReader::fail(const char* what) {
  error_ = what;
  return false;
}

uint64_t MemtraceReader::fixed(size_t at, int bytes) const {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const uint64_t byte = static_cast<uint8_t>(bytes_[at + static_cast<size_t>(i)]);
    value |= byte << (8 * i);
  }
  return value;
}

bool MemtraceReader::varint(uint64_t& value, size_t end) {
  value = 0;
  for (int shift = 0; shift < 64 && at_ < end; shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(bytes_[at_++]);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return fail("the trace has a number without an end");
}

bool MemtraceReader::signed_varint(uint64_t& value, size_t end) {
  if (!varint(value, end)) return false;
  value = unzigzag(value);
  return true;
}

bool MemtraceReader::record(MemoryRef& ref, const MemoryRef& last, size_t end) {
  if (at_ >= end) return fail("the trace has fewer records in a chunk than it says");
  const uint8_t head = static_cast<uint8_t>(bytes_[at_++]);
  ref.is_store = (head & 1) != 0;
  const uint8_t code = (head >> 1) & 7;
  uint64_t size = uint64_t{1} << code;
  if (code == kMemtraceExplicitSize && !varint(size, end)) return false;
  uint64_t pc = 0;
  uint64_t address = 0;
  if (!signed_varint(pc, end) || !signed_varint(address, end)) return false;
  ref.size = static_cast<uint32_t>(size);
  ref.pc = last.pc + pc;
  ref.address = last.address + address;
  return true;
}

bool MemtraceReader::next(MemtraceChunk& chunk) {
  if (!ok() || at_ == bytes_.size()) return false;
  if (bytes_.size() - at_ < kMemtraceChunkHeader) return fail("the trace ends in a chunk's header");
  const uint64_t payload = fixed(at_, 4);
  const uint64_t count = fixed(at_ + 4, 4);
  chunk.thread = fixed(at_ + 8, 8);
  at_ += kMemtraceChunkHeader;
  if (bytes_.size() - at_ < payload) return fail("the trace ends in a chunk");
  const size_t end = at_ + payload;
  // A record has at least three bytes: a count beyond that is damage, not a reason to allocate.
  if (count > payload / 3) return fail("the trace has fewer records in a chunk than it says");
  chunk.refs.clear();
  chunk.refs.reserve(count);
  MemoryRef last;
  for (uint64_t i = 0; i < count; ++i) {
    MemoryRef ref;
    if (!record(ref, last, end)) return false;
    chunk.refs.push_back(ref);
    last = ref;
  }
  return at_ == end || fail("the trace has more bytes in a chunk than it says");
}

}  // namespace weft::tools
