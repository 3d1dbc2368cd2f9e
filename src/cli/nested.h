// weft as the program that weft is to run.
#pragma once

#include "linux/image/launch.h"

namespace weft::cli {

/// Starts weft again in place of this process: one does the work, and the options that count are
/// the inner one's. Returns the status to exit with if that fails.
int run_nested(const linux::Launch& launch);

}  // namespace weft::cli
