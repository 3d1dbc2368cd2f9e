// Hashes by which tools tell blocks apart, and find them. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/block.h"

namespace weft::tools {

/// Of the block's bytes: code may change.
uint64_t hash_of(const Block& block);

/// Where in a table of `slots`, a power of two, to look first for the block at `start`: blocks that
/// lie side by side are built one after another, and their slots share cache lines.
size_t first_slot(Address start, size_t slots);

}  // namespace weft::tools
