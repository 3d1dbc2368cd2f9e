// Coverage of lines of source, in the formats that most services read. A value; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace weft::tools {

class LineCoverage {
 public:
  /// There is code for the line; `count` more executions of it (0: none known).
  void add_line(const std::string& file, uint32_t line, uint64_t count);
  /// A function that begins at `line`.
  void add_function(const std::string& file, const std::string& name, uint32_t line,
                    uint64_t count);
  /// lcov's .info format, which genhtml reads.
  std::string lcov(const std::string& test_name = "") const;
  /// Cobertura's XML; `time`: seconds since 1970.
  std::string cobertura(int64_t time) const;

 private:
  struct Function {
    uint32_t line = 0;
    uint64_t count = 0;
  };
  struct File {
    std::map<uint32_t, uint64_t> lines;
    std::map<std::string, Function> functions;
  };
  /// What a part of a Cobertura file says of itself.
  struct Total {
    size_t lines = 0;
    size_t hit = 0;
    double rate() const {
      return lines == 0 ? 0 : static_cast<double>(hit) / static_cast<double>(lines);
    }
    Total& operator+=(const Total& other);
  };
  static Total total_of(const File& file);

  std::map<std::string, File> files_;
};

}  // namespace weft::tools
