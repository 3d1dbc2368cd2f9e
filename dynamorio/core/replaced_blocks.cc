#include "core/replaced_blocks.h"

#include <map>
#include <mutex>

#include "core/room.h"

namespace weft::dynamorio {
namespace {

struct Replacements {
  std::mutex mutex;
  std::map<Address, instrlist_t*> lists;  ///< owned; under mutex
};

Replacements& replacements() {
  static Replacements replacements;
  return replacements;
}

}  // namespace

instrlist_t* copy_of_replacement(void* drcontext, Address tag) {
  const std::lock_guard held(replacements().mutex);
  const auto found = replacements().lists.find(tag);
  if (found == replacements().lists.end()) return nullptr;
  // It stays for the block's next copy: a block may be built more than once before it runs.
  return instrlist_clone(drcontext, found->second);
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" bool dr_replace_fragment(void* drcontext, void* tag, instrlist_t* ilist) {
  const auto address = reinterpret_cast<weft::Address>(tag);
  {
    const std::lock_guard held(replacements().mutex);
    instrlist_t*& kept = replacements().lists[address];
    if (kept != nullptr) instrlist_clear_and_destroy(drcontext, kept);
    kept = ilist;
  }
  return Room::get().process().code().delete_fragment(address).any();
}
