#include "core/lives.h"

#include <utility>

#include "core/room.h"

namespace weft::dynamorio {
namespace {

struct Life {
  Life(Lives& owner, Address at, std::shared_ptr<void> beside)
      : lives(owner), tag(at), data(std::move(beside)) {}
  ~Life() { lives.end(tag); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  Lives& lives;
  Address tag;
  std::shared_ptr<void> data;
};

}  // namespace

std::shared_ptr<void> Lives::begin(Address tag, const std::shared_ptr<void>& data) {
  begin_trace(tag);
  return {std::make_shared<Life>(*this, tag, data), data.get()};
}

void Lives::begin_trace(Address tag) {
  const std::lock_guard held(mutex_);
  ++alive_[tag];
}

void Lives::end(Address tag) {
  const std::lock_guard held(mutex_);
  const auto found = alive_.find(tag);
  // tell_all() has told.
  if (found == alive_.end()) return;
  if (--found->second == 0) alive_.erase(found);
  ended_.push_back(tag);
}

void Lives::tell() {
  std::vector<Address> ended;
  {
    const std::lock_guard held(mutex_);
    ended.swap(ended_);
  }
  for (const Address tag : ended) {
    Room::get().events().deleted.for_each(
        [&](auto function) { function(Context::current(), reinterpret_cast<void*>(tag)); });
  }
}

void Lives::tell_all() {
  {
    const std::lock_guard held(mutex_);
    for (const auto& [tag, count] : alive_) ended_.insert(ended_.end(), count, tag);
    alive_.clear();
  }
  tell();
}

}  // namespace weft::dynamorio
