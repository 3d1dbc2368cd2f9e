// A file of superblocks' records, by their places in one module: read through a mapping that is
// never trusted to stay, replaced as a whole. An open file is constant and may be read by any
// thread of the runtime, outside of signal handlers; it stays mapped until the process ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "linux/private_file.h"
#include "linux/unique_fd.h"

namespace weft::engine {

class CodeFile {
 public:
  /// A record of the superblock at `place`, an offset in the module's file. `bytes` are borrowed.
  struct Entry {
    uint32_t place = 0;
    std::span<const uint8_t> bytes;
  };

  /// Opens `name` in `directory`. Null if it is not there. An error if it cannot be read, is not to
  /// be trusted or is no such file; `fingerprint` is that with which it was written.
  static Result<std::unique_ptr<CodeFile>> open(const linux::UniqueFd& directory,
                                                const std::string& name, uint64_t fingerprint);
  /// Puts a file of the entries, no two of one place, into the place of `name` at once: others find
  /// the old one or the new one.
  static Status write(const linux::UniqueFd& directory, const std::string& name,
                      uint64_t fingerprint, const std::vector<Entry>& entries);

  CodeFile(const CodeFile&) = delete;
  CodeFile& operator=(const CodeFile&) = delete;
  ~CodeFile() = default;

  /// Copies the record at `place` to `record`; false if there is none, or it is damaged.
  bool find(uint32_t place, std::vector<uint8_t>& record) const;
  /// Every record that is not damaged, in the order in which they were written; `record` is the
  /// visitor's during the call.
  void for_each(
      const std::function<void(uint32_t place, std::span<const uint8_t> record)>& visit) const;
  uint64_t size() const { return file_->size(); }

 private:
  struct Slot;

  explicit CodeFile(std::unique_ptr<linux::PrivateFile> file) : file_(std::move(file)) {}
  bool read_record(const Slot& slot, std::vector<uint8_t>& record) const;
  bool slot_at(uint32_t index, Slot& slot) const;

  const std::unique_ptr<linux::PrivateFile> file_;
  uint32_t slot_count_ = 0;  ///< a power of two
};

}  // namespace weft::engine
