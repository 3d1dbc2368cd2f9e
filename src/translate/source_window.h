// A copy of the program's bytes from a block's start on: the program may unmap its code, or cut the
// file behind it, while another thread translates it. One thread's.
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
  static constexpr size_t kCapacity = 32u << 10;

  /// Bytes are read anew from here on, from `pc` upwards.
  void start(AppPc pc) {
    start_ = pc;
    size_ = 0;
  }

  /// The bytes that are there from `pc` on, if they are an instruction's at least; else empty.
  /// Valid until start(). `pc` lies in what was asked for before, or right behind it.
  std::span<const uint8_t> at(AppPc pc) const {
    const size_t offset = pc - start_;
    if (offset + x86::kLongestInstruction > size_) return {};
    return {bytes_.data() + offset, size_ - offset};
  }

  /// The same of the `available` bytes from `pc` on that may be read, which may be fewer than an
  /// instruction's. Empty if they are gone, or the block has become too long.
  std::span<const uint8_t> read(AppPc pc, uint64_t available) {
    const size_t offset = pc - start_;
    const size_t needed = std::min<uint64_t>(available, x86::kLongestInstruction);
    if (offset + needed > kCapacity) return {};
    const uint64_t end = std::min<uint64_t>(offset + available, kCapacity);
    const bool there = offset + needed <= size_ ||
                       read_to(std::min<uint64_t>(end, size_ + kRead)) || read_to(offset + needed);
    if (!there) return {};
    return std::span(bytes_).subspan(offset, std::min(available, size_ - offset));
  }

 private:
  static constexpr size_t kRead = 64;  ///< bytes at a time

  bool read_to(size_t end) {
    const AppPc from = start_ + size_;
    if (!linux::safe_copy(bytes_.data() + size_, from.bytes(), end - size_)) return false;
    size_ = end;
    return true;
  }

  AppPc start_;
  size_t size_ = 0;
  std::array<uint8_t, kCapacity> bytes_;
};

}  // namespace weft::translate
