// The compact binary format of memory traces. Values; one thread at a time each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A file is a header, then chunks; every number is little-endian.
//
//   header   "WEFTMEM" and the byte 1 (the version), process number (4 bytes), 0 (4 bytes)
//   chunk    bytes of payload (4), records (4), thread number (8), payload
//   record   head: bit 0 is set for a store; bits 1-3 are the binary logarithm of the size, or 7
//            then, if bits 1-3 are 7: the size, as a varint
//            then the difference of the instruction's address to the previous record's, and the
//            same of the accessed address: both zigzag varints
//
// The differences of a chunk's first record are to 0, so that each chunk can be read alone. Chunks
// of one thread are in the order of execution; those of different threads are in the order of
// writing.

namespace weft::tools {

struct MemoryRef {
  uint64_t pc = 0;
  uint64_t address = 0;
  uint32_t size = 0;
  bool is_store = false;
  auto operator<=>(const MemoryRef&) const = default;
};

std::string memtrace_header(uint32_t pid);

inline constexpr size_t kMemtraceChunkHeader = 16;   ///< bytes
inline constexpr uint8_t kMemtraceExplicitSize = 7;  ///< in a record's head: the size follows

struct MemtraceChunk {
  uint64_t thread = 0;
  std::vector<MemoryRef> refs;
};

/// Reads what MemtraceEncoder wrote.
class MemtraceReader {
 public:
  explicit MemtraceReader(std::string_view bytes);
  bool ok() const { return error_.empty(); }
  /// What is wrong with the file; empty if nothing.
  const std::string& error() const { return error_; }
  uint32_t pid() const { return pid_; }
  /// The next chunk; false at the end, or where the file is damaged (see error()).
  bool next(MemtraceChunk& chunk);

 private:
  bool fail(const char* what);
  bool varint(uint64_t& value, size_t end);
  bool signed_varint(uint64_t& value, size_t end);
  bool record(MemoryRef& ref, const MemoryRef& last, size_t end);
  uint64_t fixed(size_t at, int bytes) const;

  std::string_view bytes_;
  size_t at_ = 0;
  uint32_t pid_ = 0;
  std::string error_;
};

}  // namespace weft::tools
