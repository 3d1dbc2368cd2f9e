// The system calls of x86-64, a row for each: what the program may know by its number, who carries
// it out, and what the kernel reads and writes for it. Constant; signal-safe, any thread.
//
// A call is seen, in this order, by: pending signals (none is made while one waits), seccomp's
// filters, its handler, and, if the kernel makes it, by what its row says of descriptors, paths and
// buffers.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace weft::linux {

/// Who carries a call out.
enum class Handler : uint8_t {
  kKernel,   ///< the kernel, as it is
  kFiles,    ///< the kernel, after a look at its path or descriptors
  kProcess,  ///< the kernel, unless it asks for what the runtime keeps: limits, prctl, seccomp, ...
  kMemory,   ///< MemoryCalls
  kSignals,  ///< SignalCalls
  kClone,    ///< CloneCalls
  kExec,     ///< ExecCalls
  kBases,    ///< arch_prctl: fs and gs of the saved state
  kEnd,      ///< exit, exit_group
  kRefused,  ///< ENOSYS
};

/// What the kernel fills for a call: bytes, or the buffers of a structure.
enum class Fills : uint8_t { kNothing, kBytes, kVector, kMessage, kMessages };

inline constexpr uint8_t kNoArgument = 6;

struct FilledBuffer {
  Fills kind = Fills::kNothing;
  uint8_t address = kNoArgument;  ///< argument that points to it
  uint8_t count = kNoArgument;    ///< argument with its size or its number of elements
};

/// The path that a call follows to a file of the program's choice.
struct PathArgument {
  uint8_t index = kNoArgument;
  bool relative_to_fd = false;  ///< to the descriptor in the first argument
};

/// The descriptor of a file whose bytes the call changes.
enum class Writes : uint8_t {
  kNothing,
  kIfBytes,     ///< its result counts them
  kIfDone,      ///< its result is 0
  kIfTruncated  ///< its result is the descriptor, opened with O_TRUNC
};
struct WrittenDescriptor {
  Writes when = Writes::kNothing;
  uint8_t argument = kNoArgument;
};

/// A descriptor that a call names behind its first argument.
struct SecondDescriptor {
  uint8_t argument = kNoArgument;
  uint8_t path = kNoArgument;  ///< argument with the path that begins there
};

struct SystemCall {
  std::string_view name;  ///< empty: no such call
  Handler handler = Handler::kKernel;
  /// Carried out with the program's fs (see base/runtime_fs.h): what needs the runtime's asks.
  bool without_libc = false;
  /// May show signals that its thread blocks: by a signalfd, or since it lets them through.
  bool shows_signals = false;
  /// Its result is a new descriptor, or it fills in a pair of them, with the first free numbers.
  bool makes_descriptor = false;
  bool names_descriptor = false;  ///< by its first argument
  SecondDescriptor second;
  FilledBuffer fills;
  PathArgument path;
  /// Of calls without a `path`: to a directory, a program, a link itself.
  PathArgument place;
  WrittenDescriptor writes;
  std::string_view remark;  ///< for docs/system-calls.md, where more than passing on happens
};

/// One past the highest number with a row.
extern const uint64_t kSystemCalls;

/// The row of call `number`; one that the kernel makes as it is, without a name, if there is none.
SIGNAL_SAFE const SystemCall& system_call(int64_t number);

std::string_view name_of(Handler handler);

}  // namespace weft::linux
