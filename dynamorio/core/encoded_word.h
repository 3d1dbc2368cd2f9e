// A word of the command line as it comes to the room.
#pragma once

#include <string>
#include <string_view>

namespace weft::dynamorio {

/// The inverse of what the command line does to a word: %XX for what is not plain.
std::string decode_word(std::string_view word);

}  // namespace weft::dynamorio
