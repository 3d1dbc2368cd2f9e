// What the kernel says of this process's mappings. Not signal-safe; slow (reads /proc/self/maps).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"

namespace weft::linux {

/// Those that overlap `within`, in their order; none if /proc does not say.
std::vector<AppRange> kernel_mappings(AppRange within);

/// The mapping that holds `address`. nullopt: none does, or /proc does not say.
std::optional<AppRange> kernel_mapping(uint64_t address);

}  // namespace weft::linux
