// What a program is shown of a file of /proc about itself, made as far as it is read: a map of many
// areas takes the kernel its time. Owned by whoever reads; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "linux/call/file/proc_files.h"
#include "linux/call/file/proc_maps.h"
#include "linux/kernel/program_thread.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {

class ProcText {
 public:
  /// Of `fd`, the program's descriptor of `file`, from its beginning.
  ProcText(const ProcFiles& files, const ProgramThread& thread, ProcFile file, uint64_t fd);

  ProcFile file() const { return file_; }
  /// What one read from `start` can give: of a map the whole lines of one page, as of the kernel;
  /// of other files all there is.
  std::string_view from(uint64_t start);

 private:
  /// Reads on until there are `size` bytes, or all. `fd`: the program's.
  void extend(uint64_t size);

  const ProcFile file_;
  std::string whole_;               ///< of a file that is no map
  std::optional<MapsFilter> maps_;  ///< of one that is
  UniqueFd source_;                 ///< whose position is nobody else's
  bool ended_ = false;
};

}  // namespace weft::linux
