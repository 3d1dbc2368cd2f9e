// The file that chunks of a trace are appended to. Owned by the tool; any thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#include "common/memtrace_format.h"

namespace weft::tools {

class TraceFile {
 public:
  /// Empties or makes the file and writes the header; an empty string, or what went wrong.
  std::string start(const std::string& path, int pid) {
    const std::lock_guard guard(mutex_);
    path_ = path;
    error_.clear();
    size_ = 0;
    put(memtrace_header(static_cast<uint32_t>(pid)), O_TRUNC);
    return error_;
  }

  void append(std::string_view bytes) {
    const std::lock_guard guard(mutex_);
    if (error_.empty()) put(bytes, 0);
  }

  std::string error() const {
    const std::lock_guard guard(mutex_);
    return error_;
  }
  uint64_t size() const {
    const std::lock_guard guard(mutex_);
    return size_;
  }

 private:
  /// The file is opened for each chunk: a descriptor that stays open is seen, and closed, by
  /// programs that close all they find.
  void put(std::string_view bytes, int flags) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
    bool done = fd >= 0;
    while (done && !bytes.empty()) {
      const ssize_t written = ::write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      done = written > 0;
      if (!done) break;
      size_ += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    if (!done) error_ = "cannot write " + path_ + ": " + std::strerror(errno);
    if (fd >= 0) close(fd);
  }

  mutable std::mutex mutex_;
  std::string path_;
  std::string error_;
  uint64_t size_ = 0;
};

}  // namespace weft::tools
