#include "engine/code_pages.h"

#include <mutex>
#include <utility>

#include "linux/program_protection.h"

namespace weft::engine {

void CodePages::set_kernel_protection(uint64_t page, bool writable) const {
  const auto mapping = space_.find({page});
  if (mapping) linux::set_program_protection(page, kPageSize, mapping->prot, writable);
}

void CodePages::protect(AppRange range) {
  const std::lock_guard held(lock_);
  for (uint64_t page = range.start.value; page < range.end.value; page += kPageSize) {
    if (pages_.insert(page).second) set_kernel_protection(page, false);
  }
}

bool CodePages::holds(AppPc address) {
  const std::lock_guard held(lock_);
  return pages_.contains(page_down(address.value));
}

void CodePages::release(AppRange range) {
  const std::lock_guard held(lock_);
  for (uint64_t page = page_down(range.start.value); page < range.end.value; page += kPageSize) {
    if (pages_.erase(page) != 0) set_kernel_protection(page, true);
  }
}

std::unordered_set<uint64_t> CodePages::release_all() {
  const std::lock_guard held(lock_);
  for (const uint64_t page : pages_) set_kernel_protection(page, true);
  return std::exchange(pages_, {});
}

void CodePages::forget(AppRange range) {
  const std::lock_guard held(lock_);
  if (pages_.empty()) return;
  std::erase_if(pages_, [&](uint64_t page) {
    return range.overlaps({{page}, {page + kPageSize}});
  });
}

}  // namespace weft::engine
