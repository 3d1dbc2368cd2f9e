// A superblock as bytes that outlive the process: what its draft holds, and the program's bytes
// that it was made from, to be used again wherever those bytes lie. Functions without state; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "translate/draft.h"

namespace weft::translate {

/// Where records are kept between runs. Any thread.
class RecordStore {
 public:
  virtual ~RecordStore() = default;
  /// Copies the record of a superblock at `tag`, with paired returns or without, to `record`. False
  /// if there is none.
  virtual bool find(AppPc tag, bool paired, std::vector<uint8_t>& record) = 0;
  virtual void keep(AppPc tag, bool paired, std::span<const uint8_t> record) = 0;
};

/// Replaces `record` by that of `draft`, whose environment keeps sources. False if it would be of
/// no use: tools have a part in it, or what it refers to may lie elsewhere the next time.
bool write_record(const Draft& draft, uint32_t instruction_count, std::vector<uint8_t>& record);

/// What is in a record beside the draft.
struct RecordedSource {
  /// Of the first `block_count` constituents, one behind the other; in the record's memory.
  std::span<const uint8_t> bytes;
  size_t block_count = 0;
  uint32_t instruction_count = 0;
};

/// Makes `draft`, which has just been cleared, what the record holds, moved to `tag`; the
/// generations of its constituents are for the caller to fill in, and it compares the program's
/// bytes. Nothing if the record is none, or no use there; the draft is to be cleared again then.
std::optional<RecordedSource> read_record(std::span<const uint8_t> record, AppPc tag, Draft& draft);

}  // namespace weft::translate
