// Code that compares the program's bytes with those that a fragment was made from. x86-specific.
// Works on one Draft, on the thread that owns it.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "translate/draft.h"

namespace weft::translate {

/// Emits, at the start of the fragment of `tag`, the comparison of what lies at `tag` with `bytes`:
/// if they differ, the thread leaves for the dispatcher with nothing done. Changes no register and
/// no flag; some 5 instructions for 8 bytes. `aligned`: in aligned words alone, for threads that
/// have the CPU check alignment. `counted`: also leaves when ThreadBlock::checks_left gets to 0.
void emit_self_check(Draft& draft, AppPc tag, std::span<const uint8_t> bytes, bool aligned,
                     bool counted);

}  // namespace weft::translate
