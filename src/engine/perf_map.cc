#include "engine/perf_map.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <iterator>

#include "engine/output.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::engine {
namespace {

/// Written when so much has come together, and at the end.
constexpr size_t kBufferSize = size_t{64} << 10;

}  // namespace

PerfMap::PerfMap(const linux::AddressSpace& space, const CacheSet& caches, cache::Epochs& epochs,
                 bool goes_on)
    : space_(space), caches_(caches), epochs_(epochs), goes_on_(goes_on) {}

void PerfMap::add_line(uint64_t start, uint64_t size, const std::string& name) {
  const Locked held(lock_);
  fmt::format_to(std::back_inserter(lines_), "{:x} {:x} {}\n", start, size, name);
  if (lines_.size() >= kBufferSize) flush_locked();
}

void PerfMap::add_routines(AppRange code) {
  add_line(code.start.value, code.size(), "weft's routines");
}

void PerfMap::add(const cache::Fragment& fragment) {
  const std::string place = place_of(fragment.tag());
  const char* kind = fragment.kind() == cache::FragmentKind::kTrace ? "trace " : "";
  add_line(fragment.hot_start().value, fragment.hot_size(), kind + place);
  if (fragment.cold_size() != 0) {
    add_line(fragment.cold_start().value, fragment.cold_size(), "stubs of " + place);
  }
}

std::string PerfMap::place_of(AppPc pc) const {
  const auto mapping = space_.find(pc);
  if (!mapping || mapping->file == nullptr || mapping->file->path.empty()) {
    return fmt::format("{:#x}", pc.value);
  }
  const std::string& path = mapping->file->path;
  return fmt::format("{}+{:#x}", path.substr(path.rfind('/') + 1),
                     pc - mapping->range.start + mapping->offset);
}

void PerfMap::flush() {
  const Locked held(lock_);
  flush_locked();
}

void PerfMap::flush_locked() {
  const std::string path = with_pid("/tmp/perf-%p.map");
  const int mode = O_WRONLY | O_CREAT | (goes_on_ ? O_APPEND : O_TRUNC);
  if (!failed_ && !write_file(path, mode, lines_)) {
    failed_ = true;
    write_all(kStandardError, "weft: cannot write " + path + ": perf will not know the cache\n");
  }
  goes_on_ = true;
  lines_.clear();
}

void PerfMap::forked(Thread& /*thread*/) {
  {
    const Locked held(lock_);
    lines_.clear();
    goes_on_ = false;
  }
  const cache::EpochGuard held(epochs_);
  caches_.for_each([&](const cache::CodeCache& cache) {
    constexpr AppRange kEverything{{0}, {~uint64_t{0}}};
    cache.fragments_in(held, kEverything,
                       [this](const cache::Fragment& fragment) { add(fragment); });
  });
}

}  // namespace weft::engine
