// Line coverage in lcov's .info format, which genhtml and most services read. A value; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace weft::tools {

class Lcov {
 public:
  /// There is code for the line; `count` more executions of it (0: none known).
  void add_line(const std::string& file, uint32_t line, uint64_t count);
  /// A function that begins at `line`.
  void add_function(const std::string& file, const std::string& name, uint32_t line,
                    uint64_t count);
  std::string text(const std::string& test_name = "") const;

 private:
  struct Function {
    uint32_t line = 0;
    uint64_t count = 0;
  };
  struct File {
    std::map<uint32_t, uint64_t> lines;
    std::map<std::string, Function> functions;
  };
  std::map<std::string, File> files_;
};

}  // namespace weft::tools
