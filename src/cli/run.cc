// weft run: options, then the program and its arguments, untouched.
#include "engine/run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/clients.h"
#include "cli/commands.h"
#include "cli/followed_exec.h"
#include "cli/images.h"
#include "cli/nested.h"
#include "cli/run_options.h"
#include "engine/options.h"
#include "engine/report.h"
#include "linux/call/process/environment.h"
#include "linux/image/launch.h"
#include "linux/kernel/surroundings.h"
#include "linux/memory/spare_memory.h"
#include "tool/host.h"
#include "x86/disassembler.h"

namespace weft::cli {
namespace {

Result<linux::Launch> find(const FollowedExec& followed, const std::vector<const char*>& argv,
                           const std::vector<const char*>& envp) {
  if (followed.fd >= 0) {
    return linux::open_program("/proc/thread-self/fd/" + std::to_string(followed.fd), argv, envp);
  }
  if (!followed.path.empty()) return linux::open_checked_program(followed.path, argv, envp);
  return linux::find_program(argv, envp);
}

/// That of the tools on the command line, or ours.
int show_help(const CLI::App& app) {
  const std::vector<std::string> tools = app.get_option("--tool")->results();
  linux::Surroundings::instance().hold({});
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

Result<std::vector<tool::Library>> load_tools(const std::vector<std::string>& specs) {
  if (specs.empty()) return std::vector<tool::Library>();
  if (Status loaded = x86::load_disassembler(); !loaded) return loaded.error();
  std::vector<tool::Library> libraries;
  for (const std::string& spec : specs) {
    Result<tool::Library> library = tool::load_library(spec, tool::bundled_tools_folder());
    if (!library) return library.error();
    libraries.push_back(std::move(*library));
  }
  return libraries;
}

/// The tools' host, which lives as long as the process; null where there are none.
tool::Host* make_host(std::vector<tool::Library> libraries, const linux::Launch& launch,
                      bool followed) {
  if (libraries.empty()) return nullptr;
  auto* host = new tool::Host(std::move(libraries));
  std::vector<std::string> arguments;
  for (const char* argument : launch.argv) arguments.emplace_back(argument);
  host->set_program(launch.program.real_path, std::move(arguments), followed);
  return host;
}

/// Before anything is looked for beside weft. False, and said so, if `followed` is not weft's own.
bool hold_surroundings(const FollowedExec& followed) {
  linux::Surroundings& surroundings = linux::Surroundings::instance();
  const bool held = followed.kept.empty() ? surroundings.hold(followed.held)
                                          : surroundings.hold_again(followed.kept);
  if (!held) {
    std::fputs("weft: --exec-held and --exec-kept are for weft's own use\n", stderr);
    return false;
  }
  surroundings.lift_limits();
  linux::set_spare_memory_aside();
  return true;
}

int start(engine::Options& options, const FollowedExec& followed,
          const std::vector<std::string>& tools, int own, int argc, char** argv);

/// Splits the command line, parses our part of it and runs the program.
int run_program(CLI::App& app, engine::Options& options, int argc, char** argv) {
  FollowedExec followed;
  Texts texts;
  app.footer("The program and its arguments come last, after --.");
  add_options(app, options, followed, texts);
  const int own = count_own_arguments(argc, argv);
  ClientLine clients;
  Result<int> options_end = take_clients(own, argv, clients);
  if (!options_end) {
    std::fprintf(stderr, "weft: %s\n", options_end.error().message.c_str());
    return kStatusUsage;
  }
  try {
    app.parse(*options_end - 1, argv + 1);
  } catch (const CLI::CallForHelp&) {
    return show_help(app);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "weft: %s; 'weft run --help' lists the options\n", error.what());
    return kStatusUsage;
  }
  if (!hold_surroundings(followed)) return kStatusUsage;
  if (!apply_stats(texts.stats, options)) {
    std::fputs("weft: --stats takes nothing or json:FILE\n", stderr);
    return kStatusUsage;
  }
  if (!clients.empty()) {
    texts.tools.push_back(tool_of(clients));
    // Clients take a block that they are shown for one that is about to run, and for a new one.
    if (app.count("--max-blocks") == 0) options.max_blocks = 1;
  }
  if (!apply_stress(texts.stress_delete, options, texts.tools)) {
    std::fputs(
        "weft: --stress-delete takes RATE[,SEED][,inside|,calls], RATE a positive number or max\n",
        stderr);
    return kStatusUsage;
  }
  if (options.dump_count != 0) {
    if (const Status loaded = x86::load_disassembler(); !loaded) {
      std::fprintf(stderr, "weft: %s\n", loaded.error().message.c_str());
      return linux::kStatusCannotRun;
    }
  }
  if (const char* wrong = apply_persist(app, options)) {
    std::fprintf(stderr, "weft: --persist: %s\n", wrong);
    return kStatusUsage;
  }
  if (app.count("--log") != 0) {
    if (const Status configured = Logger::instance().configure(texts.log); !configured) {
      std::fprintf(stderr, "weft: %s\n", configured.error().message.c_str());
      return kStatusUsage;
    }
  }
  options.arguments = inherited_options(*options_end, argv);
  if (!clients.empty()) options.arguments.push_back("--tool=" + tool_of(clients));
  return start(options, followed, texts.tools, own, argc, argv);
}

/// Runs the program that the words from argv[own] on name.
int start(engine::Options& options, const FollowedExec& followed,
          const std::vector<std::string>& tools, int own, int argc, char** argv) {
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
  Result<std::vector<tool::Library>> libraries = load_tools(tools);
  if (!libraries) {
    std::fprintf(stderr, "weft: %s\n", libraries.error().message.c_str());
    return kStatusUsage;
  }
  if (linux::Surroundings& held = linux::Surroundings::instance();
      held.by_held_root() && !held.leave_root()) {
    std::fputs("weft: cannot go back to the program's working directory\n", stderr);
    return linux::kStatusCannotRun;
  }
  Result<linux::Launch> launch = find(followed, program, linux::unhide_environment(environment));
  if (followed.fd >= 0) close(followed.fd);
  if (!launch) {
    std::fprintf(stderr, "weft: %s\n", launch.error().message.c_str());
    return followed.path.empty() ? launch.error().code : linux::kStatusCannotRun;
  }
  if (followed.path.empty() && linux::is_ourselves(launch->program.real_path)) {
    return run_nested(*launch);
  }
  if (!followed.name.empty()) {
    launch->execfn = followed.name;
    constexpr size_t kLongestComm = 15;
    launch->comm = followed.name.substr(followed.name.rfind('/') + 1, kLongestComm);
  }
  WEFT_LOG(kInfo, "starts {}", launch->program.real_path);
  options.followed = !followed.path.empty();
  choose_images(options, followed);
  tool::Host* const host = make_host(std::move(*libraries), *launch, options.followed);
  if (host != nullptr) options.tools_version = host->image_version();
  if (host != nullptr && options.tools_version.empty() && options.persist_asked &&
      !options.followed) {
    std::fputs("weft: --persist: code with these tools is not kept; leave out one of the two\n",
               stderr);
    return kStatusUsage;
  }
  const Error error = engine::run(options, std::move(*launch), argv, host);
  std::fprintf(stderr, "weft: %s\n", error.message.c_str());
  return linux::kStatusCannotRun;
}

}  // namespace

int run(int argc, char** argv) {
  engine::Options options;
  options.loading_ns = engine::processor_time_ns();
  FollowedExec followed;
  const int own = count_own_arguments(argc, argv);
  if (std::vector<std::string> tools; take_followed_exec(own, argv, followed, options, tools)) {
    if (!hold_surroundings(followed)) return kStatusUsage;
    options.arguments = inherited_options(own, argv);
    return start(options, followed, tools, own, argc, argv);
  }
  CLI::App app{"Runs a program from the code cache.", "weft run"};
  return run_program(app, options, argc, argv);
}

int dump(int argc, char** argv) {
  engine::Options options;
  options.follow = false;
  options.no_images = true;  // those of an earlier run say nothing of this one
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
