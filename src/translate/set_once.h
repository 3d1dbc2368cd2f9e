// Additions that take themselves out of the code when they first run (Insertion::Kind::kSetOnce):
// a jump to cold code, which stores the word and makes the jump a no-op. In the place of the jump,
// those that wait have the store itself, each time: to make a no-op costs as much as some hundred
// stores, since the code runs. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/fragment.h"
#include "translate/draft.h"
#include "translate/instrument.h"

namespace weft::translate {

void emit_set_once(Draft& draft, const Insertion& insertion);

/// Puts back those that have run, in the code of one fragment, and has those wait that were made
/// so; threads may be executing it. The number of those that are no longer no-ops.
size_t put_back_set_once(const cache::Fragment& fragment);

/// None waits any longer in the code of the fragment: those that have run become no-ops, the others
/// will when they run. Threads may be executing it.
void settle_set_once(const cache::Fragment& fragment);

}  // namespace weft::translate
