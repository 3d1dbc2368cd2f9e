// What other extensions have to know of wrapped functions.
#pragma once

namespace weft::dynamorio {

/// Whether some function is wrapped or replaced. Calls of clients may then stand in front of the
/// first instruction of any block: at its entry, or where it returns to. Any thread.
bool any_wrapped();

}  // namespace weft::dynamorio
