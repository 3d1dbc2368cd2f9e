// Environment variables that the dynamic linker of weft itself would obey are carried past it under
// another name. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::linux {

/// True for a variable ("NAME=value") that would change how weft's own process starts.
bool concerns_loader(std::string_view variable);

/// The environment to start weft with, so that the program gets `environment`. Returned pointers
/// are those given, or point into `*owned`, which has to stay as it is while they are used.
std::vector<const char*> hide_environment(const std::vector<const char*>& environment,
                                          std::vector<std::string>* owned);

/// What the program gets: the reverse, for the environment weft was started with. Ends without a
/// null pointer, as given. Hidden variables come back as a view into the same strings.
std::vector<const char*> unhide_environment(const std::vector<const char*>& environment);

}  // namespace weft::linux
