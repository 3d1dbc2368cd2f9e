// weft run: options, then the program and its arguments, untouched.
#include "engine/run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "engine/options.h"
#include "linux/launch.h"
#include "linux/sys_environment.h"
#include "tool/host.h"

namespace weft::cli {
namespace {

/// What a followed execve passes on, beside the user's options.
struct FollowedExec {
  std::string path;
  std::string name;  ///< what the program gave to execve, where that is not `path`
  int fd = -1;
};

/// Whether the value of an option is the next word.
bool takes_word(std::string_view option) { return option == "--tool" || option == "--persist"; }

/// Everything before "--" is ours, everything after it the program's.
int count_own_arguments(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") return i;
    if (takes_word(argv[i])) {
      ++i;  // its value
      continue;
    }
    // The first word that is no option is the program, with or without "--".
    if (argv[i][0] != '-') return i;
  }
  return argc;
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

/// Options whose values are taken apart after parsing.
struct Texts {
  std::optional<std::string> stats;
  std::string stress_delete;
  std::string log;
  std::vector<std::string> tools;
};

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
  app.add_option("--persist", options.persist,
                 "keep translations in a directory of your own, for the next run to start with");
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
  app.add_option("--limbo-bound", options.limbo_bound)
      ->transform(CLI::AsSizeValue(false))
      ->group("");
  app.add_option("--stress-tags", options.stress_tags)->delimiter(',')->group("");
  app.add_option("--stress-log", options.stress_log)->group("");
  app.add_option("--exec-path", followed.path)->group("");
  app.add_option("--exec-name", followed.name)->group("");
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

/// What is wrong with --persist; null if nothing is.
const char* apply_persist(const CLI::App& app, const Texts& texts, engine::Options& options) {
  if (app.count("--persist") == 0) return nullptr;
  if (options.persist.empty()) return "the directory has no name";
  if (!texts.tools.empty()) return "what tools insert is not kept; leave out one of the two";
  options.persist = absolute(options.persist);
  return nullptr;
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
  tools.push_back("deleter:every=" + std::to_string(every) +
                  ",seed=" + std::to_string(options.stress_seed % kSeeds));
  options.stress_delete = 0;
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

Result<linux::Launch> find(const FollowedExec& followed, const std::vector<const char*>& argv,
                           const std::vector<const char*>& envp) {
  if (followed.fd >= 0) {
    return linux::open_program("/proc/self/fd/" + std::to_string(followed.fd), argv, envp);
  }
  if (!followed.path.empty()) return linux::open_program(followed.path, argv, envp);
  return linux::find_program(argv, envp);
}

/// That of the tools on the command line, or ours.
int show_help(const CLI::App& app) {
  const std::vector<std::string> tools = app.get_option("--tool")->results();
  if (tools.empty()) std::fputs(app.help().c_str(), stdout);
  for (const std::string& spec : tools) {
    const Result<tool::Library> library = tool::load_library(spec, tool::bundled_tools_folder());
    if (!library) {
      std::fprintf(stderr, "weft: %s\n", library.error().message.c_str());
      return kStatusUsage;
    }
    std::fputs(library.value().help().c_str(), stdout);
  }
  return 0;
}

/// The tools' host, which lives as long as the process; null where there are none.
Result<tool::Host*> make_host(const std::vector<std::string>& specs, const linux::Launch& launch,
                              bool followed) {
  if (specs.empty()) return nullptr;
  std::vector<tool::Library> libraries;
  for (const std::string& spec : specs) {
    Result<tool::Library> library = tool::load_library(spec, tool::bundled_tools_folder());
    if (!library) return library.error();
    libraries.push_back(std::move(*library));
  }
  auto* host = new tool::Host(std::move(libraries));
  std::vector<std::string> arguments;
  for (const char* argument : launch.argv) arguments.emplace_back(argument);
  host->set_program(launch.program.real_path, std::move(arguments), followed);
  return host;
}

/// Splits the command line, parses our part of it and runs the program.
int run_program(CLI::App& app, engine::Options& options, int argc, char** argv) {
  FollowedExec followed;
  Texts texts;
  app.footer("The program and its arguments come last, after --.");
  add_options(app, options, followed, texts);
  const int own = count_own_arguments(argc, argv);
  try {
    app.parse(own - 1, argv + 1);
  } catch (const CLI::CallForHelp&) {
    return show_help(app);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "weft: %s; 'weft run --help' lists the options\n", error.what());
    return kStatusUsage;
  }
  if (!apply_stats(texts.stats, options)) {
    std::fputs("weft: --stats takes nothing or json:FILE\n", stderr);
    return kStatusUsage;
  }
  if (!apply_stress(texts.stress_delete, options, texts.tools)) {
    std::fputs(
        "weft: --stress-delete takes RATE[,SEED][,inside|,calls], RATE a positive number or max\n",
        stderr);
    return kStatusUsage;
  }
  if (const char* wrong = apply_persist(app, texts, options)) {
    std::fprintf(stderr, "weft: --persist: %s\n", wrong);
    return kStatusUsage;
  }
  if (app.count("--log") != 0) {
    if (const Status configured = Logger::instance().configure(texts.log); !configured) {
      std::fprintf(stderr, "weft: %s\n", configured.error().message.c_str());
      return kStatusUsage;
    }
  }
  options.arguments = inherited_options(own, argv);

  int first = own;
  if (first < argc && std::string_view(argv[first]) == "--") ++first;
  if (first >= argc && followed.path.empty()) {
    std::fputs("weft: no program given; usage: weft run [OPTIONS] -- PROGRAM [ARGS...]\n", stderr);
    return kStatusUsage;
  }
  const std::vector<const char*> program(argv + first, argv + argc);
  std::vector<const char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.push_back(*variable);
  Result<linux::Launch> launch = find(followed, program, linux::unhide_environment(environment));
  if (followed.fd >= 0) close(followed.fd);
  if (!launch) {
    std::fprintf(stderr, "weft: %s\n", launch.error().message.c_str());
    return followed.path.empty() ? launch.error().code : linux::kStatusCannotRun;
  }
  if (!followed.name.empty()) {
    launch->execfn = followed.name;
    constexpr size_t kLongestComm = 15;
    launch->comm = followed.name.substr(followed.name.rfind('/') + 1, kLongestComm);
  }
  WEFT_LOG(kInfo, "starts {}", launch->program.real_path);
  options.followed = !followed.path.empty();
  const Result<tool::Host*> host = make_host(texts.tools, *launch, options.followed);
  if (!host) {
    std::fprintf(stderr, "weft: %s\n", host.error().message.c_str());
    return kStatusUsage;
  }
  const Error error = engine::run(options, std::move(*launch), argv, host.value());
  std::fprintf(stderr, "weft: %s\n", error.message.c_str());
  return linux::kStatusCannotRun;
}

}  // namespace

int run(int argc, char** argv) {
  engine::Options options;
  CLI::App app{"Runs a program from the code cache.", "weft run"};
  return run_program(app, options, argc, argv);
}

int dump(int argc, char** argv) {
  engine::Options options;
  options.follow = false;
  constexpr uint32_t kDefaultCount = 10;
  options.dump_count = kDefaultCount;
  CLI::App app{"Runs a program from the code cache, then shows fragments on standard error.",
               "weft dump"};
  app.add_option("--max", options.dump_count, "how many fragments to show, 10 by default")
      ->check(CLI::PositiveNumber);
  app.add_option("--at", options.dump_at, "only fragments that contain this address (repeatable)")
      ->take_all();
  return run_program(app, options, argc, argv);
}

}  // namespace weft::cli
