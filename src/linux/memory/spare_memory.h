// Memory for operator new when the program has left none: it may map all that there is, and goes
// on. One for the process, as operator new is. Any thread; nobody waits. What is taken is never
// given back.
#pragma once

#include <cstddef>

namespace weft::linux {

/// Puts some address space aside. Once, before the program runs.
void set_spare_memory_aside();

/// Of what was put aside; null if that is used up. `alignment`: a power of two.
void* take_spare_memory(std::size_t size, std::size_t alignment);

/// Whether `memory` comes from there.
bool is_spare_memory(const void* memory);

}  // namespace weft::linux
