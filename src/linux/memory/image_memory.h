// Memory that comes from a file and is changed without the file's seeing it: that of code images.
// Functions without state, by system calls of the runtime's own; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"

namespace weft::linux {

/// Maps the file at `offset`, to be read, written and executed, in place of what is in `range`.
/// False, and nothing has changed, if it cannot be.
bool map_code_from(int fd, uint64_t offset, AppRange range);

/// Maps `size` bytes of the file at `offset` somewhere, to be read and written; 0: no memory.
uint64_t map_words_from(int fd, uint64_t offset, uint64_t size);

/// Moves what is mapped at `from` to `to`, in place of what is there, at once. False if it stays.
bool move_words(uint64_t from, AppRange to);

/// Which pages from `start` on are in memory: not 0 for each that is. Of a file, it may have
/// others.
void find_resident(uint64_t start, std::span<uint8_t> pages);

}  // namespace weft::linux
