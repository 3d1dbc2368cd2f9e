// A tool that faults, aborts, hangs or goes wrong otherwise ends the process with one line that
// names it.
#include <fmt/format.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <utility>

#include "linux/kernel/signal_safe_copy.h"
#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {

const char* name_of_fault(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGQUIT:
      return "SIGQUIT";
    default:
      return "SIGTRAP";
  }
}

namespace {

/// One line, in memory of its own: whatever ran may hold the allocator's lock.
template <typename... Values>
void write_line(fmt::format_string<Values...> format, Values&&... values) {
  std::array<char, 512> line{};
  const auto text =
      fmt::format_to_n(line.data(), line.size(), format, std::forward<Values>(values)...);
  write_message({line.data(), text.size < line.size() ? text.size : line.size()});
}

}  // namespace

std::string_view tool_of(const engine::Thread& thread) {
  const auto* library = static_cast<const Library*>(thread.tool_call.tool);
  return library == nullptr ? std::string_view() : std::string_view(library->name);
}

std::string_view Host::running_tool(const engine::Thread& thread) const {
  const auto function = reinterpret_cast<uint64_t>(thread.tool_call.function);
  const Library* library = function != 0 ? library_at(function) : nullptr;
  return library != nullptr ? std::string_view(library->name) : tool_of(thread);
}

const Library* Host::library_at(uint64_t pc) const {
  for (const Library& each : tools_) {
    if (each.code.contains({pc})) return &each;
  }
  return nullptr;
}

Host::Culprit Host::culprit(const engine::Thread* thread, const x86::CpuContext& registers) const {
  Culprit found;
  if (thread != nullptr) found.event = thread->tool_call.event;
  found.place = registers.rip;
  found.library = library_at(found.place);
  found.is_there = found.library != nullptr;
  // In a library that the tool called: the first return address on the stack that is in a tool.
  constexpr uint64_t kMost = 64u << 10;
  constexpr uint64_t kWord = sizeof(uint64_t);
  const uint64_t start = registers[x86::kRsp] & ~(kWord - 1);
  uint64_t seen = 0;
  for (; found.library == nullptr && seen < kMost; seen += kWord) {
    const auto* from = reinterpret_cast<const void*>(start + seen);
    // Of a stack that is full, the page below it is none.
    if (!linux::safe_copy(&found.place, from, kWord)) {
      if (seen != 0 && page_down(start + seen) != page_down(start) + kPageSize) break;
      seen = page_down(start + seen) + kPageSize - start - kWord;
      continue;
    }
    found.library = library_at(found.place);
  }
  // What runs is known better than what lies on a stack, but not where.
  const bool noted = found.event != nullptr && thread->tool_call.tool != nullptr;
  const auto* running = noted ? static_cast<const Library*>(thread->tool_call.tool) : nullptr;
  if (running != nullptr && running != found.library) {
    found = {running, 0, false, found.event};
  }
  if (found.library == nullptr) found.place = 0;
  // It may have named a function of another library to be called.
  if (found.library == nullptr && found.event != nullptr && tools_.size() == 1) {
    found.library = &tools_.front();
  }
  return found;
}

namespace {

/// longjmp(landing, 1), as if the instruction that faulted had called it.
void go_on_at(std::jmp_buf& landing, x86::CpuContext& registers) {
  constexpr uint64_t kRedZone = 128;
  constexpr uint64_t kStackAlignment = 16;
  constexpr uint64_t kDirectionFlag = 0x400;
  registers[x86::kRdi] = reinterpret_cast<uint64_t>(&landing);
  registers[x86::kRsi] = 1;
  registers[x86::kRsp] =
      (registers[x86::kRsp] - kRedZone) / kStackAlignment * kStackAlignment - sizeof(uint64_t);
  registers.rflags &= ~kDirectionFlag;
  registers.rip = reinterpret_cast<uint64_t>(&longjmp);
}

}  // namespace

bool Host::faulted(const siginfo_t& info, x86::CpuContext& registers) {
  const engine::Thread& thread = engine::Thread::current();
  if (info.si_signo == SIGSEGV || info.si_signo == SIGBUS) {
    if (std::jmp_buf* const place = std::exchange(landing(), nullptr)) {
      go_on_at(*place, registers);
      return true;
    }
  }
  const Culprit by = culprit(&thread, registers);
  if (by.library == nullptr) return false;
  const auto address = reinterpret_cast<uint64_t>(info.si_addr);
  // On the page below a stack, no farther from the stack pointer than a frame is large.
  constexpr uint64_t kFrame = 64u << 10;
  const bool is_near = registers[x86::kRsp] - address + kFrame < 2 * kFrame;
  const bool on_guard = info.si_signo == SIGSEGV && is_near &&
                        (info.si_code == SEGV_ACCERR || info.si_code == SEGV_MAPERR);
  if (on_guard) {
    write_line("weft: tool '{}': the stack is full (some 400 kB) in {}, {}.so+{:#x}\n",
               by.library->name, by.event != nullptr ? by.event : "a clean call",  // a light one
               by.library->name, by.place - by.library->base);
    end_for_tool();
  }
  write_line("weft: tool '{}': {} in {} {}.so+{:#x}, address {:#x}\n", by.library->name,
             name_of_fault(info.si_signo), by.is_there ? "its code," : "what it called from",
             by.library->name, by.place == 0 ? 0 : by.place - by.library->base, address);
  end_for_tool();
}

void Host::aborted(engine::Thread* thread, const x86::CpuContext& registers) {
  const Culprit by = culprit(thread, registers);
  if (by.library == nullptr) return;
  write_line("weft: tool '{}': {} in {}, {}.so+{:#x}\n", by.library->name, reason_of_abort(),
             by.event != nullptr ? by.event : "a thread of its own", by.library->name,
             by.place == 0 ? 0 : by.place - by.library->base);
  end_for_tool();
}

void Host::hangs(engine::Thread& thread, int signal, const x86::CpuContext& registers) {
  const Culprit by = culprit(&thread, registers);
  if (by.library == nullptr) {
    write_line("weft: {} has waited for seconds, and is taken now\n", name_of_fault(signal));
    return;
  }
  write_line("weft: tool '{}': {} has waited for seconds for the end of {}, {}.so+{:#x}\n",
             by.library->name, name_of_fault(signal), by.event != nullptr ? by.event : "its code",
             by.library->name, by.place == 0 ? 0 : by.place - by.library->base);
}

}  // namespace weft::tool
