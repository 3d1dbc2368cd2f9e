// A copy of the program's bytes from where a builder decodes: the program may unmap its code, or
// cut the file behind it, while another thread translates it. One thread's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "linux/kernel/signal_safe_copy.h"
#include "x86/decode.h"

namespace weft::translate {

class SourceWindow {
 public:
  /// Bytes are read anew from here on: before each block, whose generation must be older than they.
  void forget() { size_ = 0; }

  /// The bytes from `pc` on, an instruction's at least if `available` are that many; empty if they
  /// are gone. Valid until the next call.
  std::span<const uint8_t> at(AppPc pc, uint64_t available) {
    const size_t needed = std::min<uint64_t>(available, x86::kLongestInstruction);
    const bool inside = pc >= start_ && pc.value + needed <= start_.value + size_;
    if (!inside && !read(pc, std::min<uint64_t>(available, bytes_.size())) && !read(pc, needed)) {
      return {};
    }
    const size_t offset = pc - start_;
    return std::span(bytes_).subspan(offset, std::min(available, size_ - offset));
  }

 private:
  bool read(AppPc pc, size_t size) {
    start_ = pc;
    size_ = linux::safe_copy(bytes_.data(), pc.bytes(), size) ? size : 0;
    return size_ != 0;
  }

  AppPc start_;
  size_t size_ = 0;
  std::array<uint8_t, 64> bytes_;
};

}  // namespace weft::translate
