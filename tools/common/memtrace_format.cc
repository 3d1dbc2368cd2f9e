#include "common/memtrace_format.h"

#include <bit>

namespace weft::tools {
namespace {

constexpr std::string_view kMagic{"WEFTMEM\x01", 8};
constexpr size_t kHeaderBytes = 16;
constexpr size_t kChunkHeaderBytes = 16;
constexpr uint8_t kExplicitSize = 7;

void put_fixed(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

char* put_varint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

uint64_t zigzag(uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }

uint64_t unzigzag(uint64_t value) { return (value >> 1) ^ (0 - (value & 1)); }

uint8_t size_code(uint32_t size) {
  if (!std::has_single_bit(size)) return kExplicitSize;
  const int log = std::countr_zero(size);
  return log < kExplicitSize ? static_cast<uint8_t>(log) : kExplicitSize;
}

}  // namespace

std::string memtrace_header(uint32_t pid) {
  std::string out(kMagic);
  put_fixed(out, pid, 4);
  put_fixed(out, 0, 4);
  return out;
}

void MemtraceEncoder::add(const MemoryRef& ref) {
  // A head and three varints of at most ten bytes.
  char record[32];
  char* end = record;
  const uint8_t code = size_code(ref.size);
  *end++ = static_cast<char>((code << 1) | (ref.is_store ? 1 : 0));
  if (code == kExplicitSize) end = put_varint(end, ref.size);
  end = put_varint(end, zigzag(ref.pc - last_pc_));
  end = put_varint(end, zigzag(ref.address - last_address_));
  payload_.append(record, static_cast<size_t>(end - record));
  last_pc_ = ref.pc;
  last_address_ = ref.address;
  ++count_;
}

std::string MemtraceEncoder::take(uint64_t thread) {
  std::string out;
  out.reserve(kChunkHeaderBytes + payload_.size());
  put_fixed(out, payload_.size(), 4);
  put_fixed(out, count_, 4);
  put_fixed(out, thread, 8);
  out += payload_;
  payload_.clear();
  count_ = 0;
  last_pc_ = 0;
  last_address_ = 0;
  return out;
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
  if (code == kExplicitSize && !varint(size, end)) return false;
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
  if (bytes_.size() - at_ < kChunkHeaderBytes) return fail("the trace ends in a chunk's header");
  const uint64_t payload = fixed(at_, 4);
  const uint64_t count = fixed(at_ + 4, 4);
  chunk.thread = fixed(at_ + 8, 8);
  at_ += kChunkHeaderBytes;
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
