// /proc/self/maps and smaps without the runtime's mappings. Stateless; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "linux/address_space.h"

namespace weft::linux {

/// `kernel_text` is what the kernel shows (maps, or smaps with its lines of detail). Returned is
/// what it would show if only `program` (in address order, disjoint) were mapped: each area clipped
/// to the program's mappings, with the protection that the program asked for.
std::string filter_maps(std::string_view kernel_text, std::span<const Mapping> program);

}  // namespace weft::linux
