// The vector state area of a thread, in the standard XSAVE format, as signal frames want it.
// Owned by its thread, in which it lies where it is no larger than today's processors have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace weft::engine {

/// What this CPU and kernel offer for saving vector state and switching fs. Read once at start.
struct CpuFeatures {
  uint64_t xsave_mask = 0;  ///< components that a program's state consists of
  size_t xsave_size = 0;    ///< bytes of a standard-format area that holds them all
  bool xsaveopt = false;
  bool fsgsbase = false;  ///< usable from user mode
  /// XSAVE stores the x87 pointers only with an exception pending, and XRSTOR clears them else.
  bool leaves_out_x87 = false;
};

CpuFeatures detect_cpu_features();

class XsaveArea {
 public:
  /// An area in the state that the kernel gives a new program.
  explicit XsaveArea(const CpuFeatures& features);
  void* data() { return large_ != nullptr ? large_.get() : small_; }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const;
  };
  static constexpr size_t kSmall = 2752;  // with AVX-512 and protection keys

  alignas(64) uint8_t small_[kSmall] = {};
  std::unique_ptr<uint8_t, Free> large_;
  size_t size_;
};

}  // namespace weft::engine
