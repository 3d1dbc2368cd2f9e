// What afl-fuzz and its user asked for, from the environment and the tool's options. Read once at
// the start; constant and for any thread afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weft/tool.h"

namespace weft::tools::afl {

/// Code to instrument or to leave alone: part of a module's path, or a range of addresses.
struct CodeChoice {
  std::string module;  ///< empty: `range`
  Range range;
};

struct Settings {
  bool all_modules = false;  ///< AFL_INST_LIBS
  std::vector<CodeChoice> included;
  std::vector<CodeChoice> excluded;

  std::optional<Address> entry;       ///< AFL_ENTRYPOINT, as given
  std::optional<Address> loop_start;  ///< AFL_QEMU_PERSISTENT_ADDR, as given
  std::optional<Address> loop_end;    ///< AFL_QEMU_PERSISTENT_RET, as given
  uint64_t return_offset = 0;         ///< AFL_QEMU_PERSISTENT_RETADDR_OFFSET
  uint64_t rounds = 1000;             ///< AFL_QEMU_PERSISTENT_CNT
  std::string hook;                   ///< AFL_QEMU_PERSISTENT_HOOK
  std::string harness;                ///< a function of the program: (data, size)
  bool new_protocol = false;
  bool debug = false;  ///< AFL_DEBUG
};

void declare_settings(OptionList& list);
/// Ends the process with a message if something given cannot be understood.
Settings read_settings(Process& process, const Options& options);

/// An address as users know it, in the program as it lies in memory: where it is already, a
/// distance from the program's start, or with the base that QEMU or gdb shows programs at. Nothing
/// if it is none of these.
std::optional<Address> locate(Address given, const Module& program);

}  // namespace weft::tools::afl
