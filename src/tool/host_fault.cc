// A fault in a tool's own code, or in what it called, ends the process with one line that names it.
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGTRAP";
  }
}

}  // namespace

const Library* Host::library_at(uint64_t pc) const {
  for (const Library& each : tools_) {
    if (each.code.contains({pc})) return &each;
  }
  return nullptr;
}

void Host::faulted(const siginfo_t& info, const x86::CpuContext& registers) {
  uint64_t pc = registers.rip;
  const Library* library = library_at(pc);
  // In a library that the tool called: the first return address on the stack that is
  // in a tool. No further than the page that is surely there.
  const uint64_t end = page_down(registers[x86::kRsp]) + kPageSize;
  for (uint64_t at = registers[x86::kRsp] & ~uint64_t{7}; library == nullptr && at < end; at += 8) {
    pc = *reinterpret_cast<const uint64_t*>(at);
    library = library_at(pc);
  }
  if (library == nullptr) return;
  std::array<char, 256> line{};
  const auto text = fmt::format_to_n(
      line.data(), line.size(), "weft: tool '{}': {} in {} {}.so+{:#x}, address {:#x}\n",
      library->name, name_of(info.si_signo),
      pc == registers.rip ? "its code," : "what it called from", library->name, pc - library->base,
      reinterpret_cast<uint64_t>(info.si_addr));
  const size_t length = text.size < line.size() ? text.size : line.size();
  static_cast<void>(!write(STDERR_FILENO, line.data(), length));
  _exit(kStatusToolFailed);
}

}  // namespace weft::tool
