// How weft is started for another program when the paths of its own files no longer lead to them:
// its loader is executed by a descriptor, in the root of the start as the current directory, from
// which relative paths lead to weft and its libraries. Only in a thread that is about to call
// execve.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linux/kernel/unique_fd.h"

namespace weft::linux {

enum class WayToWeft : uint8_t {
  kAgain,       ///< weft's executable, whose loader and libraries are where they were
  kDirect,      ///< the same, where there are only files of their names, or nobody knows
  kByHeldRoot,  ///< as above
  kNone,        ///< its files are gone
};

/// Looks at the files of weft as the process sees them now.
WayToWeft way_to_weft();

/// Says on standard error that the program at `path` is not followed.
void tell_of_native_run(const std::string& path);

/// The words that come before weft's own options.
std::vector<std::string> loader_arguments();

/// While this lives the held root is the current directory, and what is held is not closed on exec;
/// then all is again as it was.
class HeldRoot {
 public:
  HeldRoot();
  ~HeldRoot();
  HeldRoot(const HeldRoot&) = delete;
  HeldRoot& operator=(const HeldRoot&) = delete;

  /// The value of --exec-held.
  std::string inheritance() const;

 private:
  UniqueFd working_directory_;
};

/// While this lives what is held is not closed on exec, but for the program's file.
class KeptOnExec {
 public:
  KeptOnExec();
  ~KeptOnExec();
  KeptOnExec(const KeptOnExec&) = delete;
  KeptOnExec& operator=(const KeptOnExec&) = delete;
};

}  // namespace weft::linux
