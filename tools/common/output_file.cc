#include "common/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weft::tools {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

bool is_device(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
}

std::string output_name(std::string_view pattern, int pid, bool must_differ) {
  std::string name;
  bool has_pid = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] != '%' || (next != 'p' && next != '%')) {
      name += pattern[i];
      continue;
    }
    ++i;
    has_pid |= next == 'p';
    name += next == 'p' ? std::to_string(pid) : "%";
  }
  if (must_differ && !has_pid && name != "-") name += "." + std::to_string(pid);
  return name;
}

OutputFile::OutputFile(std::string path, int error_stream)
    : path_(std::move(path)), error_stream_(error_stream) {
  if (path_ == "-") return;
  if (is_device(path_)) {
    file_ = std::fopen(path_.c_str(), "we");
    if (file_ == nullptr) fail();
    return;
  }
  // Beside its final place, so that renaming it there cannot fail half-way.
  unfinished_ = path_ + ".unfinished-" + std::to_string(getpid());
  file_ = std::fopen(unfinished_.c_str(), "we");
  if (file_ == nullptr) {
    unfinished_.clear();
    fail();
  }
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!unfinished_.empty()) unlink(unfinished_.c_str());
}

void OutputFile::fail() {
  if (error_.empty()) error_ = "cannot write " + path_ + ": " + std::strerror(errno);
}

void OutputFile::write(std::string_view bytes) {
  if (path_ == "-") {
    if (!write_all(error_stream_, bytes)) fail();
  } else if (file_ != nullptr && !bytes.empty()) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
  }
}

bool OutputFile::finish() {
  if (file_ == nullptr) return error_.empty();
  if (std::fclose(file_) != 0) fail();
  file_ = nullptr;
  if (unfinished_.empty()) return error_.empty();
  if (error_.empty() && std::rename(unfinished_.c_str(), path_.c_str()) != 0) fail();
  if (error_.empty()) unfinished_.clear();
  return error_.empty();
}

std::string write_file(const std::string& path, std::string_view bytes, int error_stream) {
  OutputFile file(path, error_stream);
  file.write(bytes);
  file.finish();
  return file.error();
}

void tell(int error_stream, std::string_view line) {
  static_cast<void>(write_all(error_stream, line));
}

}  // namespace weft::tools
