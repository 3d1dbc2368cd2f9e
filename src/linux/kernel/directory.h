// Names in a directory, by system calls of the runtime's own. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

/// Calls `visit` with each name in the open directory `fd`, from where it is read next, until it
/// answers true. Whether it did.
template <typename Visit>
bool any_name(int fd, const Visit& visit) {
  // Where an entry that getdents64 gives has its own length, and its name.
  constexpr size_t kEntryLength = 16;
  constexpr size_t kEntryName = 19;
  std::array<char, 4096> buffer;
  while (true) {
    const int64_t size =
        raw_syscall(__NR_getdents64, static_cast<uint64_t>(fd), word(buffer.data()), buffer.size());
    if (size <= 0) return false;
    for (int64_t at = 0; at < size;) {
      const char* entry = buffer.data() + at;
      if (visit(std::string(entry + kEntryName))) return true;
      uint16_t length = 0;
      std::memcpy(&length, entry + kEntryLength, sizeof length);
      at += length;
    }
  }
}

}  // namespace weft::linux
