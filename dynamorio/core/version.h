// Versions of the API: what clients may have been built for.
#pragma once

#include "dr_api.h"

namespace weft::dynamorio {

/// As _USES_DR_VERSION_ has it: 100 times the major number and the minor one.
inline constexpr int kVersion = DR_API_VERSION_NUMBER;
inline constexpr int kOldestVersion = 1100;

}  // namespace weft::dynamorio
