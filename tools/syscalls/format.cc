#include "syscalls/format.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "syscalls/names.h"

namespace weft::tools {
namespace {

constexpr size_t kShownBytes = 32;
constexpr size_t kLongestPath = 4096;
constexpr int64_t kLargestErrno = 4095;

std::string string_at(Process& process, uint64_t address) {
  if (address == 0) return "NULL";
  std::string text(kLongestPath, '\0');
  text.resize(process.read_memory(address, text.data(), text.size()));
  if (text.empty()) return fmt::format("{:#x}", address);
  const size_t end = text.find('\0');
  return quoted(std::string_view(text).substr(0, end), end == std::string::npos);
}

std::string bytes_at(Process& process, uint64_t address, uint64_t size) {
  char bytes[kShownBytes];
  const size_t wanted = std::min<uint64_t>(size, sizeof bytes);
  const size_t read = process.read_memory(address, bytes, wanted);
  if (read != wanted) return fmt::format("{:#x}", address);
  return quoted({bytes, read}, size > read);
}

std::string argument_text(Process& process, const SystemCall& call, int index, char kind) {
  const uint64_t value = call.argument(index);
  switch (kind) {
    case 'd':
      return std::to_string(static_cast<int32_t>(value));
    case 'u':
    case 'z':
      return std::to_string(value);
    case 'o':
      return fmt::format("{:#o}", value & 0xffffffff);
    case 'p':
      return value == 0 ? "NULL" : fmt::format("{:#x}", value);
    case 's':
      return string_at(process, value);
    case 'b':
      return bytes_at(process, value, call.argument(index + 1));
    case 'a':
      return static_cast<int>(value) == AT_FDCWD ? "AT_FDCWD"
                                                 : std::to_string(static_cast<int32_t>(value));
    default:
      return fmt::format("{:#x}", value);
  }
}

bool gives_address(uint64_t number) {
  return number == SYS_mmap || number == SYS_brk || number == SYS_mremap || number == SYS_shmat;
}

}  // namespace

std::string quoted(std::string_view bytes, bool cut) {
  std::string out = "\"";
  for (const char c : bytes) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          out += c;
        } else {
          out += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
        }
    }
  }
  return out + (cut ? "\"..." : "\"");
}

std::string call_text(Process& process, const SystemCall& call) {
  const SyscallName known = syscall_name(call.number());
  std::string out =
      known.name.empty() ? fmt::format("syscall_{}", call.number()) : std::string(known.name);
  out += '(';
  for (size_t i = 0; i < known.arguments.size(); ++i) {
    if (i != 0) out += ", ";
    out += argument_text(process, call, static_cast<int>(i), known.arguments[i]);
  }
  return out + ')';
}

std::string result_text(uint64_t number, int64_t result) {
  if (result < 0 && result >= -kLargestErrno) {
    const int error = static_cast<int>(-result);
    const char* name = strerrorname_np(error);
    return fmt::format(
        "-1 {} ({})", name == nullptr ? "E?" : name,
        strerrordesc_np(error) == nullptr ? "unknown error" : strerrordesc_np(error));
  }
  return gives_address(number) ? fmt::format("{:#x}", result) : std::to_string(result);
}

}  // namespace weft::tools
