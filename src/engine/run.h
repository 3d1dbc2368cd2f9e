// From a found program to its first instruction. Called once, by the process's first thread.
#pragma once

#include "base/result.h"
#include "engine/options.h"
#include "linux/image/launch.h"

namespace weft::engine {

class Hooks;

/// Runs the program in this process. Returns only if it could not be started; otherwise the process
/// ends as the program does. `kernel_argv` is main's argv: the program's stack takes its place.
/// `hooks`: the tools' host, or null; lives as long as the process.
Error run(const Options& options, linux::Launch launch, char** kernel_argv, Hooks* hooks);

}  // namespace weft::engine
