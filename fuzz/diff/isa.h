// Which instruction sets sequences may use: those this CPU has, as CPUID tells.
// Pure functions after the first call; one thread.
#pragma once

#include <Zydis/Zydis.h>

namespace fuzz {

bool cpu_has(ZydisISASet set);

}  // namespace fuzz
