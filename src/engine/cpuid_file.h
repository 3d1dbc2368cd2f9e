// The answers of CPUID that processes before this one got, in a private file beside the code
// images: good for as long as the machine runs. Owned by the engine; start and end of a process.
#pragma once

#include <cstddef>
#include <string>

namespace weft::engine {

class CpuidFile {
 public:
  /// Takes over what the file in `directory` has; nothing if that is empty.
  explicit CpuidFile(std::string directory);

  /// Writes it if this process has asked for more.
  void save();

 private:
  const std::string directory_;
  size_t known_ = 0;  ///< answers that the file has
};

}  // namespace weft::engine
