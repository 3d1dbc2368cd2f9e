// A profile of samples with stacks in the protocol buffer form that pprof, speedscope and most
// viewers of flame graphs read (profile.proto of the pprof project), not compressed. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weft::tools {

class PprofProfile {
 public:
  /// Each sample has one value, of this kind ("instructions") and unit ("count").
  PprofProfile(std::string_view kind, std::string_view unit);

  /// The memory that comes from `file`; the mappings are added in front of what lies there.
  void add_mapping(uint64_t start, uint64_t end, std::string_view file);
  /// A place in the program by its number from 1 on: once for each address.
  uint64_t location(uint64_t address, std::string_view function, std::string_view file,
                    uint32_t line);
  /// `stack`: numbers of locations, the innermost first.
  void add_sample(std::span<const uint64_t> stack, uint64_t value);

  std::string text() const;

 private:
  uint64_t string(std::string_view text);
  uint64_t function(std::string_view name, std::string_view file);
  uint64_t mapping_of(uint64_t address) const;

  struct Mapping {
    uint64_t start;
    uint64_t end;
  };

  std::string body_;  ///< all fields but the strings, as they are encoded
  std::vector<Mapping> mappings_;
  std::map<uint64_t, uint64_t> locations_;  ///< by address
  std::map<std::tuple<std::string, std::string>, uint64_t> functions_;
  std::map<std::string, uint64_t, std::less<>> numbers_;
  std::vector<std::string> strings_;
};

}  // namespace weft::tools
