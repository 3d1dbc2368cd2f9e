#include "afl/coverage_map.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>

namespace weft::tools::afl {
namespace {

constexpr uint32_t kDefaultSize = 1 << 16;
constexpr uint32_t kLargestSize = 1 << 29;
/// Below 2 GB an instruction can name the map by its displacement.
constexpr uintptr_t kLowPlaces[] = {0x60000000, 0x50000000, 0x40000000, 0x30000000};

uint32_t wanted_size() {
  const char* text = std::getenv("AFL_MAP_SIZE");
  const unsigned long size = text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
  return size >= 64 && size <= kLargestSize ? static_cast<uint32_t>(size) : kDefaultSize;
}

uint8_t* attach(int id) {
  for (const uintptr_t place : kLowPlaces) {
    // Any place but the one asked for is refused there, and what lies there is never replaced.
    void* at = shmat(id, reinterpret_cast<void*>(place), 0);  // NOLINT(performance-no-int-to-ptr)
    if (at != reinterpret_cast<void*>(-1)) return static_cast<uint8_t*>(at);
  }
  void* at = shmat(id, nullptr, 0);
  return at == reinterpret_cast<void*>(-1) ? nullptr : static_cast<uint8_t*>(at);
}

uint8_t* make(uint32_t size) {
  for (const uintptr_t place : kLowPlaces) {
    void* at = mmap(reinterpret_cast<void*>(place), size,  // NOLINT(performance-no-int-to-ptr)
                    PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at != MAP_FAILED) return static_cast<uint8_t*>(at);
  }
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<uint8_t*>(at);
}

/// The finalizer of MurmurHash3 (Austin Appleby, public domain).
uint64_t mix(uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccd;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53;
  return value ^ value >> 33;
}

uint64_t hash_of_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string_view name =
      std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char each : name) hash = (hash ^ static_cast<uint8_t>(each)) * 0x100000001b3;
  return hash;
}

}  // namespace

void CoverageMap::start(Process& process) {
  before_ = process.new_thread_counter();
  size_ = wanted_size();
  if (const char* id = std::getenv("__AFL_SHM_ID")) {
    map_ = attach(std::atoi(id));
    if (map_ == nullptr) {
      process.fail(fmt::format("the map of afl-fuzz (shared memory {}) cannot be attached: {}", id,
                               std::strerror(errno)));
    }
    shared_ = true;
    // Without a bit set afl-fuzz takes the program for one that is not instrumented.
    map_[0] = 1;
    return;
  }
  map_ = make(size_);
  if (map_ == nullptr) process.fail("no memory for the map of edges; give a smaller AFL_MAP_SIZE");
}

void CoverageMap::instrument(Block& block, const Module& module) const {
  const uint64_t hash = mix(hash_of_name(module.path) + (block.tag() - module.range.start));
  const uint32_t half = size_ / 2;
  const auto number = static_cast<int32_t>(static_cast<uint32_t>(hash) % half);
  const auto as_before = static_cast<int32_t>(static_cast<uint32_t>(hash >> 32) % half);
  const auto base = reinterpret_cast<uintptr_t>(map_);
  Snippet edge;
  edge.set(Scratch::kFirst, thread_counter(before_));
  if (base + size_ <= INT32_MAX) {
    edge.count_byte(Scratch::kFirst, static_cast<int32_t>(base) + number);
  } else {
    edge.set(Scratch::kSecond, Value(static_cast<uint64_t>(base)));
    edge.add(Scratch::kSecond, Scratch::kFirst);
    edge.count_byte(Scratch::kSecond, number);
  }
  block.before(0).code(edge);
  block.before(0).set(before_, as_before);
}

}  // namespace weft::tools::afl
