// A place in one Assembler's code that branches lead to, named before or after it is reached. Lives
// no longer than what is emitted with it, on that emission's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace weft::x86 {

class Label {
 public:
  Label() = default;
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  ~Label() { CHECK(count_ == 0 || is_bound()); }

 private:
  friend class Assembler;

  /// A displacement at the end of its instruction.
  struct Field {
    uint32_t offset;
    uint8_t size;  ///< 1 or 4 bytes
  };
  static constexpr size_t kMostFields = 4;
  static constexpr uint32_t kNowhere = ~uint32_t{0};

  bool is_bound() const { return place_ != kNowhere; }

  uint32_t place_ = kNowhere;
  uint32_t count_ = 0;
  std::array<Field, kMostFields> fields_;  ///< those below count_ wait
};

}  // namespace weft::x86
