// The subcommands. Each is called once, from main, with main's own arguments.
#pragma once

namespace weft::cli {

/// weft's own failure, as env(1) and timeout(1) have it.
inline constexpr int kStatusUsage = 125;

int run(int argc, char** argv);
/// run, with fragments shown when the program has ended.
int dump(int argc, char** argv);
/// run, with the tool that answers a script.
int trace(int argc, char** argv);
/// run, by drrun's command line.
int drrun(int argc, char** argv);
/// Code images: list, trim, clear.
int cache(int argc, char** argv);
/// A number for a client of a program that runs.
int nudge(int argc, char** argv);

}  // namespace weft::cli
