// What a module's ELF file says: segments, names, dynamic symbols. Read from the file, or from the
// vdso's memory; constant afterwards.
#pragma once

#include <elf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/process.h"

namespace weft::dynamorio {

class ElfFile {
 public:
  struct Segment {
    Range range;  ///< in memory, without the bias
    uint64_t offset = 0;
    uint32_t flags = 0;  ///< PF_*
  };
  struct Symbol {
    const char* name = "";
    uint64_t value = 0;  ///< without the bias
    uint8_t type = STT_NOTYPE;
    bool defined = false;
    uint32_t number = 0;
  };

  /// Null if it is not readable or no ELF file.
  static std::shared_ptr<const ElfFile> open(const Module& module);

  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Symbol>& symbols() const { return symbols_; }
  const std::vector<std::string>& needed() const { return needed_; }
  const std::string& soname() const { return soname_; }
  uint64_t inode() const { return inode_; }
  const Symbol* find(std::string_view name) const;

 private:
  bool parse();
  void read_dynamic(uint64_t offset, uint64_t size);
  template <typename T>
  std::optional<T> at(uint64_t offset) const;
  std::optional<uint64_t> offset_of(uint64_t address) const;
  const char* text(uint64_t offset) const;

  std::vector<uint8_t> bytes_;
  uint64_t inode_ = 0;
  std::vector<Segment> segments_;
  std::vector<Symbol> symbols_;
  std::vector<std::string> needed_;
  std::string soname_;
};

}  // namespace weft::dynamorio
