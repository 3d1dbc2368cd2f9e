// DR_TRY_EXCEPT's parts: a fault in the statement goes on behind dr_try_start(), which returns once
// more.
#include <csetjmp>
#include <memory>
#include <utility>

#include "core/context.h"
#include "core/room.h"

namespace weft::dynamorio {

struct Guard {
  std::jmp_buf place;  ///< first: what dr_try_start() gets
  std::jmp_buf* outer = nullptr;
};

}  // namespace weft::dynamorio

using weft::dynamorio::Context;
using weft::dynamorio::Guard;
using weft::dynamorio::Room;

// Both return to dr_try_start()'s caller, with its stack.
asm(".text\n"
    ".globl dr_try_start\n"
    ".type dr_try_start, @function\n"
    "dr_try_start:\n"
    "  endbr64\n"
    "  jmp _setjmp@PLT\n"
    ".size dr_try_start, . - dr_try_start\n");

extern "C" {

void dr_try_setup(void*, void** try_cxt) {
  auto guard = std::make_unique<Guard>();
  if (Room::find() != nullptr) guard->outer = Room::get().process().land_faults_at(&guard->place);
  *try_cxt = guard.release();
}

void dr_try_stop(void*, void* try_cxt) {
  const std::unique_ptr<Guard> guard(static_cast<Guard*>(try_cxt));
  if (Room::find() != nullptr) Room::get().process().land_faults_at(guard->outer);
}

}  // extern "C"
