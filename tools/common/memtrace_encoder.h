// Writes chunks of a memory trace (common/memtrace_format.h). A value; one thread at a time. All of
// add() is inlined where it is called: it runs for each access of the program.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "common/memtrace_format.h"

namespace weft::tools {

/// One chunk under way. Keeps its memory for the next one.
class MemtraceEncoder {
 public:
  /// Where the chunk has got to: a copy of one's own, which the compiler can keep in registers.
  class Cursor {
   public:
    /// There must be room for it, see MemtraceEncoder::begin().
    void add(const MemoryRef& ref) {
      const uint8_t code = size_code(ref.size);
      *end_++ = static_cast<char>((code << 1) | (ref.is_store ? 1 : 0));
      if (code == kMemtraceExplicitSize) end_ = put_varint(end_, ref.size);
      end_ = put_varint(end_, zigzag(ref.pc - last_pc_));
      end_ = put_varint(end_, zigzag(ref.address - last_address_));
      last_pc_ = ref.pc;
      last_address_ = ref.address;
      ++count_;
    }

   private:
    friend class MemtraceEncoder;
    char* end_ = nullptr;
    uint32_t count_ = 0;
    uint64_t last_pc_ = 0;
    uint64_t last_address_ = 0;
  };

  /// Makes room for `most` records; end() takes over those that were added.
  Cursor begin(size_t most) {
    const size_t used = cursor_.end_ == nullptr ? kMemtraceChunkHeader : size();
    const size_t needed = used + most * kMostRecordBytes;
    if (chunk_.size() < needed) chunk_.resize(2 * needed);
    cursor_.end_ = chunk_.data() + used;
    return cursor_;
  }
  void end(const Cursor& cursor) { cursor_ = cursor; }

  void add(const MemoryRef& ref) {
    Cursor cursor = begin(1);
    cursor.add(ref);
    end(cursor);
  }
  size_t count() const { return cursor_.count_; }
  /// The chunk's bytes, until add() is called again; the encoder is empty then.
  std::string_view take(uint64_t thread);

 private:
  /// What a record takes at most, with what is written beyond its end: a head, three varints of at
  /// most ten bytes, and the rest of a word.
  static constexpr size_t kMostRecordBytes = 40;

  static uint64_t zigzag(uint64_t difference) {
    return (difference << 1) ^ (0 - (difference >> 63));
  }

  static uint8_t size_code(uint32_t size) {
    // Not std::has_single_bit(): without popcnt it is a call.
    if ((size & (size - 1)) != 0 || size > 64 || size == 0) return kMemtraceExplicitSize;
    return static_cast<uint8_t>(std::countr_zero(size));
  }

  /// May write up to 8 bytes. Without a branch on the length, which nothing could predict: the
  /// groups of 7 bits are moved apart in three steps.
  static char* put_varint(char* out, uint64_t value) {
    constexpr int kGroupBits = 7;
    if (value >> (8 * kGroupBits) != 0) [[unlikely]]
      return put_long_varint(out, value);
    uint64_t bytes = (value & 0x0000'0000'0fff'ffff) | (value & 0x00ff'ffff'f000'0000) << 4;
    bytes = (bytes & 0x0000'3fff'0000'3fff) | (bytes & 0x0fff'c000'0fff'c000) << 2;
    bytes = (bytes & 0x007f'007f'007f'007f) | (bytes & 0x3f80'3f80'3f80'3f80) << 1;
    const auto last = static_cast<unsigned>(std::countl_zero(bytes | 1)) / 8;  // bytes behind it
    constexpr uint64_t kGoOn = 0x0080'8080'8080'8080;
    bytes |= kGoOn >> (8 * last);
    std::memcpy(out, &bytes, sizeof bytes);
    return out + (sizeof bytes - last);
  }

  static char* put_long_varint(char* out, uint64_t value) {
    while (value >= 0x80) {
      *out++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *out++ = static_cast<char>(value);
    return out;
  }

  size_t size() const { return static_cast<size_t>(cursor_.end_ - chunk_.data()); }

  std::vector<char> chunk_;  ///< with room for the header in front
  Cursor cursor_;            ///< into it, if the chunk has begun
};

}  // namespace weft::tools
