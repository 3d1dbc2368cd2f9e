#include "taintlite/inputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <new>

namespace weft::tools {
namespace {

std::string path_of(int fd) {
  char path[PATH_MAX];
  const ssize_t length = readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path, sizeof path);
  return length < 0 ? std::string() : std::string(path, static_cast<size_t>(length));
}

}  // namespace

bool Inputs::read(int fd, uint64_t bytes, int64_t offset, Position& position) {
  std::string name;
  if (fd == STDIN_FILENO && choice_.standard_input) {
    name = "stdin";
  } else {
    if (choice_.file.empty()) return false;
    name = path_of(fd);
    if (name.find(choice_.file) == std::string::npos) return false;
  }
  const std::lock_guard guard(lock_);
  auto found = std::find_if(inputs_.begin(), inputs_.end(),
                            [&](const Input& each) { return each.name == name; });
  if (found == inputs_.end()) found = inputs_.insert(inputs_.end(), {name, 0});
  position.input = static_cast<uint32_t>(found - inputs_.begin());
  const off_t behind = lseek(fd, 0, SEEK_CUR);
  if (offset >= 0) {
    position.offset = static_cast<uint64_t>(offset);
  } else if (behind >= 0) {
    position.offset = static_cast<uint64_t>(behind) - bytes;
  } else {
    position.offset = found->read;
  }
  found->read += bytes;
  return true;
}

std::string Inputs::text(const std::vector<SourceByte>& bytes) const {
  const std::lock_guard guard(lock_);
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    size_t last = i;
    while (last + 1 < bytes.size() && bytes[last + 1].input == bytes[i].input &&
           bytes[last + 1].offset == bytes[last].offset + 1) {
      ++last;
    }
    const bool same_file = i > 0 && bytes[i - 1].input == bytes[i].input;
    if (same_file) {
      out += ',';
    } else {
      if (i > 0) out += ' ';
      out += inputs_[bytes[i].input].name + ':';
    }
    out += std::to_string(bytes[i].offset);
    if (last > i) out += fmt::format("-{}", bytes[last].offset);
    i = last + 1;
  }
  return out;
}

size_t Inputs::count() const {
  const std::lock_guard guard(lock_);
  return inputs_.size();
}

void Inputs::restart() { new (&lock_) std::mutex; }

}  // namespace weft::tools
