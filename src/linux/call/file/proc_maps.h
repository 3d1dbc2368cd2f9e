// /proc/self/maps and smaps without the runtime's mappings, piece by piece as they are read. An
// object belongs to whoever reads; it has no state beyond it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linux/memory/address_space.h"

namespace weft::linux {

/// What the kernel would show if only the program's memory were mapped: each area clipped to the
/// program's mappings, with the protection that the program asked for.
class MapsFilter {
 public:
  /// `program`: in address order, disjoint.
  explicit MapsFilter(std::vector<Mapping> program) : program_(std::move(program)) {}

  /// More of what the kernel shows (maps, or smaps with its lines of detail), cut anywhere.
  void feed(std::string_view kernel_text);
  /// There is no more.
  void finish();
  /// Of what was fed, as far as it can be told by now.
  const std::string& text() const { return text_; }

 private:
  /// One line of maps.
  struct Area {
    uint64_t start = 0;
    uint64_t end = 0;
    std::string perms;  ///< "rw-p"
    uint64_t offset = 0;
    std::string device_and_inode;  ///< "fe:00 1234", as printed
    bool has_file = false;
    std::string name;
    bool continues(const Area& before) const;
  };

  static bool parse(std::string_view line, Area& area);
  static Area clip(const Area& area, const Mapping& mapping);
  /// An area with its lines of detail, if it has any.
  void take(std::string_view entry);
  void add(const Area& area, std::string_view details);
  void put(const Area& area);
  void put_last();

  std::vector<Mapping> program_;
  size_t first_ = 0;  ///< in program_: the first that later areas may meet
  std::string rest_;  ///< the area that more may be fed of
  Area last_;         ///< of maps: the next area may belong to it
  bool has_last_ = false;
  std::string text_;
};

}  // namespace weft::linux
