// The rows of a module table, and their text. A table is owned by whoever made it; its members say
// who may use them.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <string_view>

#include "drcovlib.h"
#include "weft/instruction.h"

namespace weft::dynamorio::drcovlib {

/// What clients keep with each row.
struct Custom {
  void* (*load)(module_data_t* module, int segment) = nullptr;
  int (*print)(void* data, char* to, size_t size) = nullptr;
  const char* (*parse)(const char* from, void** data) = nullptr;
  void (*free)(void* data) = nullptr;
};

struct Row {
  uint containing = 0;
  Address start = 0;
  Address end = 0;
  Address entry = 0;
  uint64 offset = 0;
  Address preferred_base = 0;
  void* custom = nullptr;
  std::array<char, MAXIMUM_PATH> path{};
};

/// Not safe for several threads. Addresses of rows are stable.
using Rows = std::deque<Row>;

void set_path(Row& row, std::string_view path);
std::string text_of(const Rows& rows, const Custom& custom);
/// Reads such a text; what follows it. Null: it is none.
const char* parse(const char* text, const Custom& custom, Rows& rows);
void free_custom(Rows& rows, const Custom& custom);

/// Of the process; any thread.
Custom custom();

}  // namespace weft::dynamorio::drcovlib
