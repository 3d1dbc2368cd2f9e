// The options of `weft run`, `weft dump` and `weft drrun`, as the command line has them. For the
// start of the process, on one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/followed_exec.h"
#include "engine/options.h"

namespace weft::cli {

/// Options whose values are taken apart after parsing.
struct Texts {
  std::optional<std::string> stats;
  std::string stress_delete;
  std::string log;
  std::vector<std::string> tools;
};

/// How many words there are before the program: everything before "--" is ours, everything after it
/// the program's.
int count_own_arguments(int argc, char** argv);
/// Those of our options with which the programs that it starts are followed.
std::vector<std::string> inherited_options(int own, char** argv);

void add_options(CLI::App& app, engine::Options& options, FollowedExec& followed, Texts& texts);
// What add_options() only took down; false, or a text, if it is wrong.
bool apply_stats(const std::optional<std::string>& stats, engine::Options& options);
/// What is wrong with --persist; null if nothing is.
const char* apply_persist(const CLI::App& app, engine::Options& options);
bool apply_stress(const std::string& text, engine::Options& options,
                  std::vector<std::string>& tools);

}  // namespace weft::cli
