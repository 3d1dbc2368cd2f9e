// What the user chose on the command line. Plain data, constant once the program runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::engine {

enum class IblMode : uint8_t { kShadow, kHash };
/// kAuto: paired from when the program turns out to be large and to make no code.
enum class Returns : uint8_t { kAuto, kJump, kPaired };
enum class CacheMode : uint8_t { kShared, kPrivate };
/// When a thread that comes out of the cache gets the runtime's fs: at once; when it needs it; by
/// what the CPU offers; or, to test that it is asked for wherever it is needed, when it needs it
/// and none until then.
enum class FsSwitch : uint8_t { kAuto, kAtOnce, kLate, kChecked };

struct Options {
  IblMode ibl = IblMode::kShadow;
  Returns returns = Returns::kAuto;
  CacheMode cache_mode = CacheMode::kShared;
  FsSwitch fs_switch = FsSwitch::kAuto;
  bool traces = false;  ///< make traces of hot paths
  uint32_t trace_threshold =
      50;                    ///< times that a loop comes to the dispatcher before it is recorded
  uint32_t max_blocks = 16;  ///< basic blocks in a superblock
  uint64_t cache_size = 512ull << 20;  ///< bytes of code memory, at most
  uint64_t limbo_bound = 8ull << 20;   ///< bytes of dead code after which slow threads are nudged
  bool follow = true;                  ///< run the programs that the program starts under weft, too
  bool followed = false;               ///< an execve of a program under weft came here
  std::string persist;                 ///< directory of code images; empty: none
  bool persist_asked = false;  ///< by the user; otherwise what is wrong with it is nobody's concern
  bool no_images = false;      ///< by the user
  std::string tools_version;   ///< tells apart what the tools add; empty: images cannot have it
  bool perf_map = false;       ///< name the cache's code in /tmp/perf-PID.map
  bool stats = false;          ///< print statistics to standard error at the end
  uint64_t loading_ns = 0;     ///< processor time when main() began: exec and the dynamic linker
  std::string stats_file;      ///< write them there as JSON instead, if not empty
  double stress_delete =
      0;  ///< deletions of random live tags a second; 0: none, infinity: as many as possible
  uint64_t stress_seed = 1;
  bool stress_inside = false;  ///< by the program's own threads, whenever they leave the cache
  std::vector<uint64_t> stress_tags;  ///< these in turn, not random ones, if there are any
  std::string stress_log;   ///< FILE.PID gets samples of rates, latencies and memory, if not empty
  uint32_t dump_count = 0;  ///< fragments to show at the end, at most; 0: none
  std::vector<uint64_t> dump_at;       ///< only those that contain these program addresses
  std::vector<std::string> arguments;  ///< weft's own, to follow children with
  int seccomp_fd = -1;  ///< a followed exec's filters; see linux/call/process/seccomp.h
};

/// Whether the shared cache's code can be kept in images, and its memory lies accordingly.
inline bool keeps_images(const Options& options, bool has_tools) {
  constexpr uint64_t kSmallestCache = 16u << 20;  // what fits into less is soon translated
  return !options.persist.empty() && options.cache_size >= kSmallestCache &&
         options.ibl == IblMode::kShadow && options.cache_mode == CacheMode::kShared &&
         !options.traces && !options.perf_map && (!has_tools || !options.tools_version.empty());
}

}  // namespace weft::engine
