#include "cli/run_options.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>

#include "base/lock_order.h"
#include "cli/clients.h"

namespace weft::cli {
namespace {

/// Whether the value of an option is the next word.
bool takes_word(std::string_view option) { return option == "--tool" || option == "--persist"; }

/// What clients are given may look like anything but "--".
int end_of_clients(int argc, char** argv, int from) {
  const auto is_end = [](const char* word) { return std::string_view(word) == "--"; };
  return static_cast<int>(std::find_if(argv + from, argv + argc, is_end) - argv);
}

std::string absolute(std::string_view path) {
  return path.empty() ? std::string() : std::filesystem::absolute(path).string();
}

/// A path stays right when the program changes its folder.
std::string with_absolute_path(std::string_view option) {
  constexpr std::string_view kPersist = "--persist=";
  if (option.starts_with(kPersist)) {
    return std::string(kPersist) + absolute(option.substr(kPersist.size()));
  }
  constexpr std::string_view kTool = "--tool=";
  const bool joined = option.starts_with(kTool);
  const std::string_view value = joined ? option.substr(kTool.size()) : option;
  const size_t slash = value.find('/');
  // Only the value of --tool comes here as a word of its own.
  const bool is_path = slash != std::string_view::npos && slash < value.find(':') &&
                       (joined || !option.starts_with('-'));
  if (!is_path) return std::string(option);
  const std::string path = std::filesystem::absolute(value).string();
  return joined ? std::string(kTool) + path : path;
}

/// Takes `suffix` off the end of `text`, if it is there.
bool take_suffix(std::string& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

/// Deletions from clean calls are made by a tool, which counts blocks as a measure of time.
void delete_from_calls(engine::Options& options, std::vector<std::string>& tools) {
  constexpr double kFull = 1e6;
  constexpr double kEvery = 100;  // blocks of one thread from one call to the next, at most often
  const double rate = std::clamp(options.stress_delete, 1.0, kFull);
  const auto every = static_cast<uint64_t>(kEvery * kFull / rate);
  constexpr uint64_t kSeeds = uint64_t{1} << 32;
  // Before all others: what it starts over has not been seen by them.
  tools.insert(tools.begin(), "deleter:every=" + std::to_string(every) +
                                  ",seed=" + std::to_string(options.stress_seed % kSeeds));
  options.stress_delete = 0;
}

}  // namespace

int count_own_arguments(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") return i;
    if (argv[i] == kClientOption) return end_of_clients(argc, argv, i);
    if (takes_word(argv[i])) {
      ++i;  // its value
      continue;
    }
    // The first word that is no option is the program, with or without "--".
    if (argv[i][0] != '-') return i;
  }
  return argc;
}

std::vector<std::string> inherited_options(int own, char** argv) {
  std::vector<std::string> options;
  for (int i = 1; i < own; ++i) {
    const std::string_view option = argv[i];
    if (option.starts_with("--exec-") || option.starts_with("--seccomp-fd=")) continue;
    options.push_back(with_absolute_path(option));
    if (option == "--persist" && i + 1 < own) options.push_back(absolute(argv[++i]));
  }
  return options;
}

void add_options(CLI::App& app, engine::Options& options, FollowedExec& followed, Texts& texts) {
  app.add_option_function<std::string>(
         "--ibl",
         [&options](const std::string& name) {
           options.ibl = name == "hash" ? engine::IblMode::kHash : engine::IblMode::kShadow;
         },
         "indirect branches: shadow (default) or hash")
      ->check(CLI::IsMember({"shadow", "hash"}));
  app.add_option_function<std::string>(
         "--returns",
         [&options](const std::string& name) {
           options.returns = name == "paired" ? engine::Returns::kPaired
                             : name == "jump" ? engine::Returns::kJump
                                              : engine::Returns::kAuto;
         },
         "returns: jump, paired with the CPU's return stack, or, by default, auto: paired in large "
         "programs")
      ->check(CLI::IsMember({"auto", "jump", "paired"}));
  app.add_option_function<std::string>(
         "--cache",
         [&options](const std::string& name) {
           options.cache_mode =
               name == "private" ? engine::CacheMode::kPrivate : engine::CacheMode::kShared;
         },
         "one code cache for all threads: shared (default), or one for each: private")
      ->check(CLI::IsMember({"shared", "private"}));
  app.add_option("--max-blocks", options.max_blocks, "basic blocks in a superblock, 1 to 64")
      ->check(CLI::Range(1, 64));
  app.add_flag("--traces,!--no-traces", options.traces,
               "lay out hot paths as traces (default: no)");
  app.add_option("--trace-threshold", options.trace_threshold,
                 "how often a loop runs before its path is recorded, 50 by default")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--cache-size", options.cache_size, "limit of code memory, e.g. 64MB")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(uint64_t{1} << 18, uint64_t{1} << 29));
  app.add_flag("!--no-follow", options.follow, "leave programs that the program starts native");
  app.add_option("--stats", texts.stats,
                 "print statistics at the end, or json:FILE (%p: process number)")
      ->expected(0, 1)
      ->default_str("");
  app.add_option(
      "--stress-delete", texts.stress_delete,
      "delete RATE random fragments a second (max: as many as possible), as "
      "RATE[,SEED][,inside|,calls]; inside: by the program's own threads; calls: by them in clean "
      "calls");
  app.add_option(
      "--log", texts.log,
      "LEVEL or MODULE:LEVEL,... (error, info, debug); a module is a source file's name");
  app.add_option("--tool", texts.tools,
                 "load a tool: NAME or PATH, then perhaps :key=value,... (repeatable, in order); "
                 "with --help, tell of its options")
      ->allow_extra_args(false);
  // Taken out beforehand, with what follows: here for the help alone.
  app.add_option(
      std::string(kClientOption),
      "run a client of the DynamoRIO API: LIBRARY, then its arguments (repeatable; behind "
      "all other options, and -- before the program)");
  app.add_option("--persist", options.persist,
                 "keep code images in a directory of your own, for the next run to go on with "
                 "(default: weft in $XDG_CACHE_HOME or ~/.cache)");
  app.add_flag("--no-persist", options.no_images, "keep none, and use none");
  app.add_flag("--perf-map", options.perf_map,
               "write /tmp/perf-PID.map, so that perf report names the cache's code");
  app.add_option_function<std::string>("--fs-switch",
                                       [&options](const std::string& name) {
                                         options.fs_switch =
                                             name == "at-once"   ? engine::FsSwitch::kAtOnce
                                             : name == "late"    ? engine::FsSwitch::kLate
                                             : name == "checked" ? engine::FsSwitch::kChecked
                                                                 : engine::FsSwitch::kAuto;
                                       })
      ->check(CLI::IsMember({"auto", "at-once", "late", "checked"}))
      ->group("");
  app.add_flag_callback("--check-locks", check_lock_order)->group("");
  app.add_option("--limbo-bound", options.limbo_bound)
      ->transform(CLI::AsSizeValue(false))
      ->group("");
  app.add_option("--stress-tags", options.stress_tags)->delimiter(',')->group("");
  app.add_option("--stress-log", options.stress_log)->group("");
  app.add_option("--exec-path", followed.path)->group("");
  app.add_option("--exec-name", followed.name)->group("");
  app.add_option("--exec-held", followed.held)->group("");
  app.add_option("--exec-kept", followed.kept)->group("");
  app.add_option("--exec-images", followed.images)->group("");
  app.add_option("--exec-fd", followed.fd)->group("");
  app.add_option("--seccomp-fd", options.seccomp_fd)->group("");
}

bool apply_stats(const std::optional<std::string>& stats, engine::Options& options) {
  if (!stats) return true;
  constexpr std::string_view kJson = "json:";
  if (stats->empty()) {
    options.stats = true;
  } else if (stats->starts_with(kJson) && stats->size() > kJson.size()) {
    options.stats_file = stats->substr(kJson.size());
  } else {
    return false;
  }
  return true;
}

const char* apply_persist(const CLI::App& app, engine::Options& options) {
  options.persist_asked = app.count("--persist") != 0;
  if (!options.persist_asked) return nullptr;
  if (options.persist.empty()) return "the directory has no name";
  options.persist = absolute(options.persist);
  return nullptr;
}

bool apply_stress(const std::string& text, engine::Options& options,
                  std::vector<std::string>& tools) {
  if (text.empty()) return true;
  const size_t comma = text.find(',');
  const std::string rate = text.substr(0, comma);
  bool from_calls = false;
  char* end = nullptr;
  if (comma != std::string::npos) {
    std::string rest = text.substr(comma);
    options.stress_inside = take_suffix(rest, ",inside");
    from_calls = !options.stress_inside && take_suffix(rest, ",calls");
    if (!rest.empty()) {
      options.stress_seed = std::strtoull(rest.c_str() + 1, &end, 10);
      if (end == rest.c_str() + 1 || *end != '\0') return false;
    }
  }
  if (rate == "max") {
    options.stress_delete = std::numeric_limits<double>::infinity();
  } else {
    options.stress_delete = std::strtod(rate.c_str(), &end);
    if (end == rate.c_str() || *end != '\0' || !(options.stress_delete > 0)) return false;
  }
  if (from_calls) delete_from_calls(options, tools);
  return true;
}

}  // namespace weft::cli
