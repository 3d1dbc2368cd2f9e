// What a process under weft shows to others that write into its memory (ptrace, process_vm_writev,
// /proc/PID/mem): a record at a place that all such processes have in common. There it lists the
// pages that it has protected itself, and there others leave what they have written past that. One
// object a process; its record is read and written by other processes at any time.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "linux/memory/layout.h"

namespace weft::linux {

/// The record. Words that others write have them change at once.
struct ForeignRecord {
  static constexpr uint64_t kMagic = 0x3174'726f'7077'6677;
  static constexpr uint64_t kHeader = 64;
  static constexpr uint64_t kMostPages = (kForeignPort.size() - kHeader) / sizeof(uint64_t);

  /// Of a request, which is made by writing its range first and its number afterwards.
  struct Request {
    uint64_t start = 0;
    uint64_t end = 0;
  };

  uint64_t magic;
  uint64_t page_count;      ///< of protected_pages(); written by the owner, as are those
  uint64_t served;          ///< the number of the request that was served last; by the owner
  uint64_t asked;           ///< the number of the last one; by others, one at a time
  Request request;          ///< covers all that are not served yet; by others
  uint64_t program_device;  ///< of the file that the process runs; by the owner
  uint64_t program_inode;   ///< 0: not known yet
};
static_assert(sizeof(ForeignRecord) == ForeignRecord::kHeader);

inline constexpr uint64_t kForeignRecord = kForeignPort.start.value;

/// The record of process or thread `id`; nothing if that does not run under weft, or is not there
/// to be read.
std::optional<ForeignRecord> foreign_record(pid_t id);

class ForeignPort {
 public:
  /// Makes the record. Where its place is taken, others find none. Once, before the program is
  /// mapped.
  void open();
  bool is_open() const { return record_ != nullptr; }

  void set_program(uint64_t device, uint64_t inode);

  /// The caller holds a lock over the list. `page` has been protected: the place in the list that
  /// it got, or kNotListed.
  static constexpr uint32_t kNotListed = ~uint32_t{0};
  uint32_t list(uint64_t page);
  /// The page at `place` is about to get its permission back. The page that is at this place from
  /// now on, or 0.
  uint64_t strike(uint32_t place);

  /// Whether somebody has written here. Cheap.
  bool has_request() const {
    return record_ != nullptr && load(record_->asked) != load(record_->served);
  }
  /// What was written since the last call, and maybe more.
  std::optional<AppRange> take_request();

 private:
  /// Acquire: what was written before the word is seen with it.
  static uint64_t load(uint64_t& word) {
    return std::atomic_ref(word).load(std::memory_order_acquire);
  }
  static void store(uint64_t& word, uint64_t value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
  }
  uint64_t& page_at(uint64_t place) const;

  ForeignRecord* record_ = nullptr;
};

}  // namespace weft::linux
