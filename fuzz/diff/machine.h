// The state a sequence starts and ends with, and the switch into it and back.
// One frame a process (the assembly and the fault handler name it); one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"
#include "random.h"

namespace fuzz {

inline constexpr size_t kXsaveSize = 4096;

/// Layout is read by switch.S.
struct Frame {
  uint64_t gpr[16];
  uint64_t rflags;
  uint64_t host_rsp;
  uint64_t entry;
  uint64_t xsave_mask;
  alignas(64) uint8_t xsave[kXsaveSize];
};
static_assert(offsetof(Frame, rflags) == 128 && offsetof(Frame, host_rsp) == 136);
static_assert(offsetof(Frame, entry) == 144 && offsetof(Frame, xsave_mask) == 152);
static_assert(offsetof(Frame, xsave) == 192);

/// A fault as the program's handler saw it.
struct Fault {
  int signal = 0;
  int code = 0;
  uint64_t address = 0;
  uint64_t gpr[16] = {};
  uint64_t rip = 0;
  uint64_t rflags = 0;
  uint64_t trap = 0;
  uint64_t error = 0;
};

/// Where a register file lies in the XSAVE area; size 0 where the CPU has none.
struct Component {
  uint32_t offset = 0;
  uint32_t size = 0;
};

/// Maps the regions, installs the fault handlers. Once a process.
class Machine {
 public:
  explicit Machine(const Layout& layout);

  /// Fills registers, vector state, data and stack from `random`; `base_register` gets the address
  /// of the data region's middle.
  void prepare(Random& random, unsigned base_register);
  /// Runs sequence `index` at `entry`. A fault in it goes on at the next of `boundaries`.
  void run(uint64_t index, uint64_t entry, const std::vector<uint16_t>& boundaries);
  /// A hash of everything the sequence left behind.
  uint64_t digest() const;
  /// The same as text, to find what differs.
  std::string describe() const;
  const std::vector<Fault>& faults() const;

 private:
  Layout layout_;
  /// mxcsr, st, xmm, upper halves of ymm, k, upper halves of zmm, zmm16 and up.
  std::vector<Component> components_;
};

/// Where a sequence jumps to when it is done.
uint64_t way_out();

}  // namespace fuzz
