// The fragments that contain a block: none or one as a rule, so a word unless there are more.
// Owned by a tag entry and used under its lock only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace weft::cache {

class Fragment;

class Members {
 public:
  Members() = default;
  ~Members() {
    if (is_list()) delete list();
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  size_t size() const {
    if (word_ == 0) return 0;
    return is_list() ? list()->size() : 1;
  }
  Fragment* operator[](size_t index) const { return is_list() ? (*list())[index] : single(); }

  void add(Fragment& fragment) {
    if (word_ == 0) {
      word_ = reinterpret_cast<uintptr_t>(&fragment);
      return;
    }
    if (!is_list()) {
      auto* made = new std::vector<Fragment*>{single()};
      word_ = reinterpret_cast<uintptr_t>(made) | kListBit;
    }
    list()->push_back(&fragment);
  }

  /// False if it is not there. Looks from the end: a deletion of all takes the last one first.
  bool remove(const Fragment& fragment) {
    if (!is_list()) {
      if (word_ != reinterpret_cast<uintptr_t>(&fragment)) return false;
      word_ = 0;
      return true;
    }
    std::vector<Fragment*>& members = *list();
    for (size_t i = members.size(); i-- > 0;) {
      if (members[i] != &fragment) continue;
      members[i] = members.back();
      members.pop_back();
      if (members.empty()) {
        delete &members;
        word_ = 0;
      }
      return true;
    }
    return false;
  }

 private:
  static constexpr uintptr_t kListBit = 1;

  bool is_list() const { return (word_ & kListBit) != 0; }
  std::vector<Fragment*>* list() const {
    return reinterpret_cast<std::vector<Fragment*>*>(word_ & ~kListBit);
  }
  Fragment* single() const { return reinterpret_cast<Fragment*>(word_); }

  uintptr_t word_ = 0;
};

}  // namespace weft::cache
