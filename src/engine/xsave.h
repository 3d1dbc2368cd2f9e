// The vector state area of a thread, in the standard XSAVE format, as signal frames want it.
// Owned by its thread.
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
};

CpuFeatures detect_cpu_features();

class XsaveArea {
 public:
  /// An area in the state that the kernel gives a new program.
  explicit XsaveArea(const CpuFeatures& features);
  void* data() { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const;
  };
  std::unique_ptr<uint8_t, Free> data_;
  size_t size_;
};

}  // namespace weft::engine
