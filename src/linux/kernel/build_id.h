// The build id that the linker gives a file, in hexadecimal digits. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace weft::linux {

/// The one among ELF notes; empty if there is none.
std::string build_id_in(std::span<const uint8_t> notes);
/// That of weft's executable, as it lies in memory; empty if it has none.
std::string own_build_id();

}  // namespace weft::linux
