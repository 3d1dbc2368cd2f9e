// Names and source lines of program addresses, from ELF symbol tables and DWARF line tables.
// Objects own what they read; const functions may be called by any thread; not signal-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// A function of an ELF file; addresses are those in the file, before it is placed in memory.
struct FunctionSymbol {
  uint64_t start = 0;
  uint64_t size = 0;  ///< up to the next function where the file does not say
  std::string name;   ///< as in the file; demangle() makes it readable
};

/// From `address` up to the next row's, the code comes from this line.
struct LineRow {
  uint64_t address = 0;
  uint32_t file = 0;  ///< an index into SymbolFile::source_files()
  uint32_t line = 0;  ///< 0: the code there comes from no line, or there is no code
  bool is_statement = false;
};

struct SourceLine {
  std::string file;
  uint32_t line = 0;
};

/// How a parameter, or what it leads to, is found where its function is entered, by the System V
/// calling convention: from argument `argument`, as FunctionCall::argument() numbers them (from 6
/// on words of the stack), each of `offsets` leads to the 8 bytes at that distance behind the value
/// so far. Of the last value, `bits` bits from bit `shift` on count.
struct ParameterPath {
  int argument = 0;
  std::vector<int64_t> offsets;
  uint8_t shift = 0;
  uint8_t bits = 64;
  bool is_signed = false;
  /// The last offset is that of an array or a struct, whose address is the value.
  bool is_address = false;
};

/// "_ZN3foo3barEi" -> "foo::bar(int)"; what is no mangled name comes back as it is.
std::string demangle(std::string_view name);

/// One ELF file, its separate debug file included if there is one (by build id or debug link, below
/// /usr/lib/debug). Each table is read when it is first asked for.
class SymbolFile {
 public:
  /// Whether files can be read at all: libelf and libdw are installed (Debian's package libdw1).
  static bool can_read();
  /// Null if `path` is no readable ELF file.
  static std::unique_ptr<SymbolFile> open(const std::string& path);
  ~SymbolFile();
  SymbolFile(const SymbolFile&) = delete;
  SymbolFile& operator=(const SymbolFile&) = delete;

  const std::string& path() const { return path_; }
  /// The page-aligned address of the first loaded segment: memory address - load address + this is
  /// an address in the file.
  uint64_t first_address() const { return first_address_; }

  /// Sorted by address, one for each address: .symtab (of the debug file too) and .dynsym.
  std::span<const FunctionSymbol> functions() const;
  /// The function that contains `address`, or null.
  const FunctionSymbol* function_at(uint64_t address) const;

  /// The functions of that name in the same tables, aliases too: as in the file but without its
  /// version, or demangled if `name` has a "(". Indirect functions are left out.
  std::vector<uint64_t> addresses_of(std::string_view name) const;

  /// Sorted by address; empty without DWARF.
  std::span<const LineRow> lines() const;
  const std::vector<std::string>& source_files() const;
  /// The row that `address` belongs to; null where no line is known.
  const LineRow* row_at(uint64_t address) const;
  std::optional<SourceLine> line_at(uint64_t address) const;

  /// The first addresses of the code of a line, once for each stretch of such code; of the next
  /// line that has code, if this one has none. `file`: the end of a source file's path.
  std::vector<uint64_t> addresses_of_line(std::string_view file, uint32_t line) const;

  /// `path`: a parameter of the function that starts at `function`, and fields, with points between
  /// them, of structs or behind pointers; with a star in front, what that points to. Needs DWARF.
  /// If there is nothing to be had, `why` says so.
  std::optional<ParameterPath> parameter(uint64_t function, std::string_view path,
                                         std::string& why) const;

 private:
  struct Tables;
  SymbolFile(std::string path, std::unique_ptr<Tables> tables);

  std::string path_;
  uint64_t first_address_ = 0;
  std::unique_ptr<Tables> tables_;
};

/// What is known of one address of the running program.
struct Location {
  std::string module;           ///< path of the file; empty: no known module
  uint64_t module_start = 0;    ///< where its first byte lies in memory
  uint64_t file_address = 0;    ///< the address in the file
  std::string function;         ///< demangled; empty: none known
  uint64_t function_start = 0;  ///< in memory
  SourceLine source;            ///< line 0: none known

  /// "function+0x10 (file.c:12)", as much of it as is known; the address in hexadecimal at worst.
  std::string text(uint64_t pc) const;
};

/// The modules of a process. add_module() may race with everything else.
class Symbols {
 public:
  /// The file `path` lies at [start, end). A later module takes the place of those that it
  /// overlaps.
  void add_module(const std::string& path, uint64_t start, uint64_t end);
  Location find(uint64_t pc) const;

  struct Module {
    std::string path;
    uint64_t start = 0;
    uint64_t end = 0;
    std::shared_ptr<const SymbolFile> file;  ///< null: not readable
  };
  /// The module that contains `pc`; an empty one if there is none.
  Module module_at(uint64_t pc) const;
  /// All modules by address.
  std::vector<Module> modules() const;

 private:
  mutable std::mutex mutex_;
  mutable std::vector<Module> modules_;  ///< by start; files are opened when first asked for
};

}  // namespace weft
