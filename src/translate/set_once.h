// Additions that take themselves out of the code when they first run (Insertion::Kind::kSetOnce):
// a jump to cold code, which stores the word and makes the jump a no-op. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/fragment.h"
#include "translate/draft.h"
#include "translate/instrument.h"

namespace weft::translate {

void emit_set_once(Draft& draft, const Insertion& insertion);

/// Puts back those that have run, in the code of one fragment; threads may be executing it. Their
/// number.
size_t put_back_set_once(const cache::Fragment& fragment);

}  // namespace weft::translate
