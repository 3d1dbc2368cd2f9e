// Where the CPU puts the components of the XSAVE state. Asked of the CPU once; any thread.
#pragma once

#include <array>
#include <cstdint>

namespace weft::x86 {

/// Of components 2 to 62; size 0 for those that the CPU has not.
struct XsaveComponent {
  uint32_t offset = 0;  ///< in the standard format
  uint32_t size = 0;
  bool aligned = false;     ///< to 64 bytes, in the compacted format
  bool privileged = false;  ///< is not in the standard format
};
inline constexpr unsigned kXsaveComponents = 63;
using XsaveLayout = std::array<XsaveComponent, kXsaveComponents>;

/// Components by number.
namespace xsave {
inline constexpr unsigned kX87 = 0;
inline constexpr unsigned kSse = 1;
inline constexpr unsigned kAvx = 2;
inline constexpr unsigned kOpmask = 5;
inline constexpr unsigned kUpperHalves = 6;     ///< of zmm0 to zmm15
inline constexpr unsigned kUpperRegisters = 7;  ///< zmm16 to zmm31
inline constexpr uint32_t kHeader = 512;
inline constexpr uint32_t kExtended = 576;  ///< the first byte behind the header
}  // namespace xsave

const XsaveLayout& xsave_layout();
/// The components that are switched on.
uint64_t xsave_enabled();
/// Those that are not in their initial state, of those that this thread's CPU now holds.
uint64_t xsave_in_use();

}  // namespace weft::x86
