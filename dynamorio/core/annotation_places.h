// Finds annotations in the program's code, by the bytes that their headers put there.
#pragma once

#include <optional>
#include <string>

#include "dr_api.h"
#include "weft/process.h"

namespace weft::dynamorio {

/// A jump over code that natively never runs.
struct AnnotationPlace {
  bool is_call = false;  ///< that code calls the annotation's function; else it is that function's
  std::string name;
  Address end = 0;     ///< of what makes the annotation known, inside of it
  Address inside = 0;  ///< where that code begins
};

/// Whether the program's instruction at `pc` may be the first of one. Cheap.
bool begins_annotation(Address pc);
/// The one whose first instruction is at `pc`; nothing: there is none.
std::optional<AnnotationPlace> annotation_at(Process& process, Address pc);

/// The four rotations by which a Valgrind request is known, each of so many bytes, and the exchange
/// behind them.
constexpr int kRotations = 4;
/// Whether the program's instruction at `pc` looks like that exchange. Cheap.
bool is_exchange(Address pc);
/// Whether it is that exchange, behind the rotations.
bool ends_request(Process& process, Address pc);

}  // namespace weft::dynamorio
