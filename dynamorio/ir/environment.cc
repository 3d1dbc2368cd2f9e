#include "ir/environment.h"

#include <unistd.h>

namespace weft::dynamorio {
namespace {

Environment& current() {
  static Environment environment = {
      [](reg_id_t) -> uint64_t { return 0; },
      [](file_t file, const void* text, size_t size) -> long { return ::write(file, text, size); }};
  return environment;
}

}  // namespace

void set_environment(const Environment& environment) { current() = environment; }
const Environment& environment() { return current(); }

}  // namespace weft::dynamorio
