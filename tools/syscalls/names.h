// Names of system calls, and how their arguments are shown. Constants; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace weft::tools {

struct SyscallName {
  std::string_view name;  ///< empty: a number without a name
  /// A letter an argument: d signed, u unsigned, z size, x hexadecimal, o octal, p pointer, s
  /// string, a directory descriptor of an "...at" call, b bytes whose length is the next argument.
  std::string_view arguments;
};

SyscallName syscall_name(uint64_t number);

}  // namespace weft::tools
