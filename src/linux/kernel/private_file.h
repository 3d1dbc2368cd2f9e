// Files that may be believed because nobody but this user can have written them. Functions without
// state, by system calls of the runtime's own; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "linux/kernel/unique_fd.h"

struct stat;

namespace weft::linux {

/// Opens the directory at `path`. An error if it belongs to another user or others may write to it.
Result<UniqueFd> open_private_directory(const std::string& path);
/// The same, for a directory that is made if it is not there.
Result<UniqueFd> make_private_directory(const std::string& path);

/// Opens the regular file `name` of a directory, to be read. An invalid descriptor if there is
/// none; an error if it belongs to another user or others may write to it.
Result<UniqueFd> open_private_file(const UniqueFd& directory, const std::string& name,
                                   struct stat& status);

/// A file that is being written, under another name: others find it under its own once it is whole.
class DraftFile {
 public:
  /// An error also where the program may not make files of `size` bytes (EFBIG).
  static Result<DraftFile> create(const UniqueFd& directory, const std::string& name,
                                  uint64_t size);
  DraftFile(DraftFile&& other) noexcept = default;
  DraftFile& operator=(DraftFile&&) = delete;
  DraftFile(const DraftFile&) = delete;
  /// Removes it, unless it was kept.
  ~DraftFile();

  int fd() const { return file_.get(); }
  /// Puts it into the place of `name` at once. `nanoseconds`: of its time of modification.
  Status keep(int64_t nanoseconds);

 private:
  DraftFile(int directory, std::string name, std::string draft, UniqueFd file)
      : directory_(directory),
        name_(std::move(name)),
        draft_(std::move(draft)),
        file_(std::move(file)) {}

  const int directory_;
  const std::string name_;
  std::string draft_;  ///< empty: not there
  UniqueFd file_;
};

/// A regular file of a directory.
struct StoredFile {
  std::string name;
  uint64_t bytes;  ///< of the disk
  timespec used;
};
/// Those whose names end in `ending`.
std::vector<StoredFile> list_files(const UniqueFd& directory, std::string_view ending);
/// Removes those that were used least recently, but for `kept`, until all have no more than `limit`
/// bytes. A file that is in use stays so.
void remove_least_used(const UniqueFd& directory, std::string_view ending, std::string_view kept,
                       uint64_t limit);

/// A name for what is in the file at `path`, fit for a file name: the build id of an ELF file that
/// has one, and otherwise what changes with each change of a file. Empty if it cannot be read.
std::string content_name(const std::string& path);

/// What `answer`, a negated errno, says of `name`.
Error error_of(const std::string& name, int64_t answer);
/// False unless all of `out` could be read.
bool read_at(int fd, uint64_t offset, std::span<uint8_t> out);
/// 0 if all of `bytes` were written, or a negated errno.
int64_t write_at(int fd, uint64_t offset, std::span<const uint8_t> bytes);

}  // namespace weft::linux
