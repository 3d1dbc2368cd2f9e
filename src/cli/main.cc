// weft's command line: finds the subcommand and runs it.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace {

int usage(FILE* out) {
  std::fputs(
      "usage: weft run [OPTIONS] -- PROGRAM [ARGS...]   run a program from the code cache\n"
      "       weft trace 'PROBES' -- PROGRAM [ARGS...]  ask it a question, in one line\n"
      "       weft dump [OPTIONS] -- PROGRAM [ARGS...]  run it, then show fragments\n"
      "       weft drrun [OPTIONS] -c LIBRARY [ARGS...] -- PROGRAM [ARGS...]\n"
      "                                                 run it with a client of the DynamoRIO API\n"
      "       weft nudge PID CLIENT VALUE               send a client of a running program a "
      "number\n"
      "       weft cache list | trim SIZE | clear       look after what programs start from\n"
      "       weft version\n"
      "       weft help\n"
      "'weft run --help' lists the options.\n",
      out);
  return out == stdout ? 0 : weft::cli::kStatusUsage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "run") return weft::cli::run(argc, argv);
  if (command == "trace") return weft::cli::trace(argc, argv);
  if (command == "drrun") return weft::cli::drrun(argc, argv);
  if (command == "nudge") return weft::cli::nudge(argc, argv);
  if (command == "cache") return weft::cli::cache(argc, argv);
  if (command == "dump") return weft::cli::dump(argc, argv);
  if (command == "version" || command == "--version") {
    std::puts("weft " WEFT_VERSION);
    return 0;
  }
  if (command == "help" || command == "--help" || command == "-h") return usage(stdout);
  if (command.empty()) return usage(stderr);
  std::fprintf(stderr, "weft: no command '%s'; 'weft help' lists them\n", command.c_str());
  return weft::cli::kStatusUsage;
}
