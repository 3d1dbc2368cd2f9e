// Files that may be believed because nobody but this user can have written them. Functions without
// state, by system calls of the runtime's own; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "linux/unique_fd.h"

namespace weft::linux {

/// Opens the directory at `path`. An error if it belongs to another user or others may write to it.
Result<UniqueFd> open_private_directory(const std::string& path);
/// The same, for a directory that is made if it is not there.
Result<UniqueFd> make_private_directory(const std::string& path);

/// A file that was mapped to be read, whatever becomes of it meanwhile. Any thread of the runtime,
/// outside of signal handlers.
class PrivateFile {
 public:
  /// The regular file `name` of a directory. Null if there is none; an error if it belongs to
  /// another user or others may write to it.
  static Result<std::unique_ptr<PrivateFile>> open(const UniqueFd& directory,
                                                   const std::string& name);
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;
  ~PrivateFile();

  uint64_t size() const { return size_; }
  /// False if not all of it is there, or no longer.
  bool read(uint64_t offset, void* to, size_t size) const;

 private:
  PrivateFile(uint64_t address, uint64_t size) : address_(address), size_(size) {}

  const uint64_t address_;
  const uint64_t size_;
};

/// A name for what is in the file at `path`, fit for a file name, if that is the file that the
/// kernel numbers so: the build id of an ELF file that has one, and otherwise what changes with
/// each change of a file. Empty if it is not, or cannot be read.
std::string content_name(const std::string& path, uint64_t device, uint64_t inode);
/// The same for whatever is at `path`.
std::string content_name(const std::string& path);

}  // namespace weft::linux
