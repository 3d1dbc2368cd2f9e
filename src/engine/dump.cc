#include "engine/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "linux/kernel/program_memory.h"
#include "translate/state_map.h"
#include "x86/decode.h"
#include "x86/disassembler.h"

namespace weft::engine {
namespace {

/// The program's instruction at `pc`, whose memory may be gone by now.
std::string program_text(AppPc pc) {
  uint8_t bytes[x86::kLongestInstruction] = {};
  size_t readable = sizeof bytes;
  while (readable > 0 && !linux::read_program(bytes, pc.value, readable)) --readable;
  if (readable == 0) return "(not mapped any more)";
  return x86::disassemble(bytes, readable, pc).text;
}

}  // namespace

std::string dump(const cache::Fragment& fragment) {
  std::string text = fmt::format("fragment {:#x}\n", fragment.tag().value);
  for (size_t i = 0; i < fragment.constituent_count(); ++i) {
    const AppRange bytes = fragment.constituent_bytes(i);
    const bool is_block = translate::find_boundary(fragment.state_map(), bytes.start).has_value();
    fmt::format_to(std::back_inserter(text), "  {} {:#x}, {} bytes\n",
                   is_block ? "block" : "constant", bytes.start.value, bytes.size());
  }
  const CachePc start = fragment.hot_start();
  for (uint32_t offset = 0; offset < fragment.hot_size();) {
    const size_t left = fragment.hot_size() - offset;
    const auto point = translate::find_point(fragment.state_map(), offset);
    if (point && point->at_start) {
      fmt::format_to(std::back_inserter(text), "  {:#14x}  {}\n", point->pc.value,
                     program_text(point->pc));
    }
    const CachePc at = start + offset;
    const x86::Disassembled line =
        x86::disassemble(at.bytes(), std::min<size_t>(left, x86::kLongestInstruction), {at.value});
    fmt::format_to(std::back_inserter(text), "{:>44}  {}\n", fmt::format("{:#x}", at.value),
                   line.text);
    offset += line.length;
  }
  return text;
}

}  // namespace weft::engine
