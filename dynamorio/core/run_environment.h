// What the instruction library has to know of a run.
#pragma once

namespace weft::dynamorio {

/// Once, before clients run.
void start_environment();

}  // namespace weft::dynamorio
