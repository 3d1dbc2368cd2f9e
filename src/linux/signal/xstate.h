// The vector state's part of a signal frame. One object a process, written once; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linux/kernel/program_thread.h"
#include "linux/signal/frame.h"

namespace weft::linux {

/// Writes into the thread's area what XSAVEOPT left out because it is in its initial state, so that
/// every component may be read and changed.
void spell_out_xstate(ProgramThread& thread);

class XstateFormat {
 public:
  /// Looks at a frame that the kernel makes on this machine, by sending the calling thread a
  /// signal. Before the program runs.
  void learn();

  /// Bytes that the state takes in a frame.
  size_t frame_size() const { return size_ + sizeof kMagic2; }
  /// Fills frame_size() bytes at `area` from the thread's state, as the kernel would.
  void write(const ProgramThread& thread, uint8_t* area) const;
  /// Takes the thread's state from a frame, where the program may have changed it; 0: the initial
  /// state. False if the kernel would refuse it.
  bool read(ProgramThread& thread, uint64_t from) const;

 private:
  uint64_t features_ = 3;
  size_t size_ = 512;
  uint32_t mxcsr_mask_ = 0xFFBF;
  bool extended_ = false;  ///< the CPU has XSAVE
};

}  // namespace weft::linux
