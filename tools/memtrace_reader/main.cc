// weft-memtrace: prints or converts a memory trace.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <unordered_set>

#include "common/memtrace_format.h"

namespace {

using weft::tools::MemoryRef;
using weft::tools::MemtraceChunk;
using weft::tools::MemtraceReader;

constexpr const char* kUsage =
    "usage: weft-memtrace [--print | --csv | --summary] FILE\n"
    "  --print    a line for each access: thread, address of the instruction, load or store, "
    "size,\n"
    "             address (the default)\n"
    "  --csv      the same as comma-separated values with a heading\n"
    "  --summary  totals for each thread\n"
    "The format is described in docs/tools.md.\n";

struct Totals {
  uint64_t loads = 0;
  uint64_t stores = 0;
  uint64_t loaded_bytes = 0;
  uint64_t stored_bytes = 0;
  std::unordered_set<uint64_t> lines;
};

void print(const MemtraceChunk& chunk, bool csv) {
  fmt::memory_buffer out;
  for (const MemoryRef& ref : chunk.refs) {
    const char* kind = ref.is_store ? "store" : "load";
    if (csv) {
      fmt::format_to(std::back_inserter(out), "{},{:#x},{},{},{:#x}\n", chunk.thread, ref.pc, kind,
                     ref.size, ref.address);
    } else {
      fmt::format_to(std::back_inserter(out), "{} {:#x} {:5} {:2} {:#x}\n", chunk.thread, ref.pc,
                     kind, ref.size, ref.address);
    }
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void count(const MemtraceChunk& chunk, std::map<uint64_t, Totals>& threads) {
  constexpr uint64_t kLine = 64;
  Totals& totals = threads[chunk.thread];
  for (const MemoryRef& ref : chunk.refs) {
    (ref.is_store ? totals.stores : totals.loads) += 1;
    (ref.is_store ? totals.stored_bytes : totals.loaded_bytes) += ref.size;
    totals.lines.insert(ref.address / kLine);
  }
}

void print(uint32_t pid, const std::map<uint64_t, Totals>& threads) {
  fmt::print("process {}\n", pid);
  for (const auto& [thread, totals] : threads) {
    fmt::print("thread {}: {} loads ({} bytes), {} stores ({} bytes), {} cache lines of 64 bytes\n",
               thread, totals.loads, totals.loaded_bytes, totals.stores, totals.stored_bytes,
               totals.lines.size());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const std::string mode = argc == 3 ? first : "--print";
  if (argc < 2 || argc > 3 || (mode != "--print" && mode != "--csv" && mode != "--summary")) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const char* path = argv[argc - 1];
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "weft-memtrace: cannot read {}: {}\n", path, std::strerror(errno));
    return 1;
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  MemtraceReader reader(bytes);
  MemtraceChunk chunk;
  std::map<uint64_t, Totals> threads;
  if (reader.ok() && mode == "--csv") fmt::print("thread,pc,kind,size,address\n");
  while (reader.next(chunk)) {
    if (mode == "--summary") {
      count(chunk, threads);
    } else {
      print(chunk, mode == "--csv");
    }
  }
  if (reader.ok() && mode == "--summary") print(reader.pid(), threads);
  if (!reader.ok()) {
    fmt::print(stderr, "weft-memtrace: {}: {}\n", path, reader.error());
    return 1;
  }
  return 0;
}
