// One sequence's code while it is being written, with the boundaries of its instructions.
// Owned by its generator; no bounds are exceeded: room() is asked before each piece.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "layout.h"

namespace fuzz {

class CodeBuffer {
 public:
  explicit CodeBuffer(uint64_t address) : address_(address) {}

  uint32_t position() const { return static_cast<uint32_t>(bytes_.size()); }
  uint64_t address() const { return address_; }
  uint64_t here() const { return address_ + position(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  /// Where instructions start, in rising order.
  const std::vector<uint16_t>& boundaries() const { return boundaries_; }
  /// Leaves space for the leaf functions and the way out at the end.
  bool has_room() const { return position() < kSlotSize - 600; }

  void start_instruction() {
    const auto at = static_cast<uint16_t>(position());
    if (boundaries_.empty() || boundaries_.back() < at) boundaries_.push_back(at);
  }
  void put(const uint8_t* data, size_t size) { bytes_.insert(bytes_.end(), data, data + size); }
  void put(std::initializer_list<unsigned> data) {
    for (const unsigned byte : data) bytes_.push_back(static_cast<uint8_t>(byte));
  }
  /// One whole instruction.
  void insn(std::initializer_list<unsigned> data) {
    start_instruction();
    put(data);
  }
  void put32(uint64_t value) {
    for (int shift = 0; shift < 32; shift += 8) put({static_cast<unsigned>(value >> shift & 0xFF)});
  }
  void put64(uint64_t value) {
    put32(value);
    put32(value >> 32);
  }
  void patch8(uint32_t at, uint32_t value) { bytes_[at] = static_cast<uint8_t>(value); }
  void patch32(uint32_t at, uint32_t value) { std::memcpy(&bytes_[at], &value, sizeof value); }
  /// Fills the rel32 (or rip displacement) at `field`, whose instruction ends 4 bytes on, with
  /// `target`.
  void link32(uint32_t field, uint32_t target) { patch32(field, target - (field + 4)); }
  void link8(uint32_t field, uint32_t target) { patch8(field, target - (field + 1)); }

 private:
  uint64_t address_;
  std::vector<uint8_t> bytes_;
  std::vector<uint16_t> boundaries_;
};

}  // namespace fuzz
