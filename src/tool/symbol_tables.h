// What a SymbolFile has read so far. Owned by it; each table is written once, under its flag.
#pragma once

#include <libelf.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "weft/symbols.h"

namespace weft {

/// An ELF file opened for reading; elf() is null if it is none.
class ElfFile {
 public:
  explicit ElfFile(const std::string& path);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;
  Elf* elf() const { return elf_; }

 private:
  int fd_ = -1;
  Elf* elf_ = nullptr;
};

class Subprograms;

struct SymbolFile::Tables {
  Tables();
  ~Tables();

  std::unique_ptr<ElfFile> main;
  std::unique_ptr<ElfFile> debug;  ///< null: none
  std::mutex reading;              ///< libelf is not for two threads at once on one file
  std::once_flag functions_once;
  std::vector<FunctionSymbol> functions;
  std::once_flag lines_once;
  std::vector<LineRow> lines;
  std::vector<std::string> files;
  std::once_flag subprograms_once;
  std::unique_ptr<Subprograms> subprograms;
};

}  // namespace weft
