#include "engine/code_pages.h"

#include <algorithm>
#include <utility>

#include "linux/kernel/program_protection.h"

namespace weft::engine {
namespace {

/// A store carried out in the fault handler costs some 5 us; opening a page costs one fault and the
/// translation of what is used there again, some 5 us a superblock. So after this many stores the
/// page is opened: somebody fills it with new code, or has data on it.
constexpr uint16_t kStores = 16;
/// While it is being opened, after each of so many: some threads take their time.
constexpr uint16_t kHastenStores = 200;
/// Opened this often in a row, it is a page of code and busy data.
constexpr uint8_t kOpenings = 4;
/// 0.1 s: openings further apart are not in a row; the first time of checking.
constexpr CodePages::Moment kShortWhile = 100'000'000;
constexpr uint8_t kLongestPatience = 6;  // doublings

}  // namespace

void CodePages::set_kernel_protection(uint64_t page, bool writable) const {
  const auto mapping = space_.find({page});
  if (mapping) linux::set_program_protection(page, kPageSize, mapping->prot, writable);
}

CodePages::Page* CodePages::find(AppPc address) {
  const auto found = pages_.find(page_down(address.value));
  return found == pages_.end() ? nullptr : &found->second;
}

template <typename Visit>
void CodePages::for_each_in(AppRange range, Visit visit) {
  if (range.size() / kPageSize <= pages_.size()) {
    for (uint64_t at = page_down(range.start.value); at < range.end.value; at += kPageSize) {
      const auto found = pages_.find(at);
      if (found != pages_.end()) visit(found->first, found->second);
    }
    return;
  }
  for (auto& [address, page] : pages_) {
    if (range.overlaps({{address}, {address + kPageSize}})) visit(address, page);
  }
}

bool CodePages::protect(AppPc page) {
  const Locked held(lock_);
  if (checks_always()) return false;
  const auto [found, is_new] = pages_.try_emplace(page_down(page.value));
  Page& state = found->second;
  if (is_new) go_on_from_page_before(page, state);
  if (state.mode == Mode::kHeld) return true;
  if (state.mode != Mode::kFree) return false;
  state.mode = Mode::kHeld;
  state.stores = 0;
  held_.fetch_add(1, std::memory_order_relaxed);
  state.listed = port_.list(page_down(page.value));
  set_kernel_protection(page_down(page.value), false);
  return true;
}

void CodePages::check_always() {
  // Under the lock: what was held before is counted by then, and nothing is held from then on.
  const Locked held(lock_);
  checks_always_.store(true, std::memory_order_relaxed);
}

void CodePages::go_on_from_page_before(AppPc page, Page& state) {
  const Page* before = find({page_down(page.value) - kPageSize});
  if (before == nullptr) return;
  state.opened = before->opened;
  state.patience = before->patience;
  state.last_opened = before->last_opened;
  if (before->mode != Mode::kChecked) return;
  state.mode = Mode::kChecked;
  calm_page_at(state, before->calm_at);
}

CodePages::Store CodePages::on_store(AppPc address, uint64_t freeable, Moment now) {
  const Locked held(lock_);
  Page* page = find(address);
  if (page == nullptr || !is_protected(*page)) return Store::kRetry;
  ++page->stores;
  if (page->mode == Mode::kHeld) {
    if (page->stores <= kStores) return Store::kEmulate;
    start_closing(*page, now);
    calm_page_at(*page, now + kShortWhile);
    return Store::kClose;
  }
  if (page->closed <= freeable) {
    page->calm_at = kNever;
    return Store::kGrant;
  }
  // A thread that stays away from the dispatcher, or does not get to run, may stand in what died on
  // this page, and would store there unnoticed.
  return page->stores % kHastenStores == 0 ? Store::kHasten : Store::kEmulate;
}

void CodePages::start_closing(Page& page, Moment now) {
  page.mode = Mode::kClosing;
  page.stores = 0;
  page.closed = kNever;
  page.calm_at = kNever;
  if (now - page.last_opened > kShortWhile) page.opened = page.patience = 0;
  page.last_opened = now;
  ++page.opened;
}

bool CodePages::begin_closing(AppPc address, Moment now) {
  const Locked held(lock_);
  Page* page = find(address);
  if (page == nullptr || page->mode != Mode::kHeld) return false;
  start_closing(*page, now);
  return true;
}

void CodePages::close(AppPc address, uint64_t epoch) {
  const Locked held(lock_);
  Page* page = find(address);
  if (page != nullptr && page->mode == Mode::kClosing) page->closed = epoch;
}

void CodePages::strike_from_list(Page& page) {
  const uint32_t place = std::exchange(page.listed, linux::ForeignPort::kNotListed);
  const uint64_t moved = port_.strike(place);
  if (moved != 0) pages_.at(moved).listed = place;
}

void CodePages::give_back(uint64_t address, Page& page) {
  if (!is_protected(page)) return;
  page.mode = Mode::kFree;
  held_.fetch_sub(1, std::memory_order_relaxed);
  strike_from_list(page);
  set_kernel_protection(address, true);
}

void CodePages::check_from(Page& page, Moment now) {
  page.mode = Mode::kChecked;
  calm_page_at(page, now + (kShortWhile << page.patience));
  page.patience = std::min<uint8_t>(page.patience + 1, kLongestPatience);
}

void CodePages::calm_page_at(Page& page, Moment moment) {
  page.calm_at = moment;
  if (moment < next_calm_.load(std::memory_order_relaxed)) {
    next_calm_.store(moment, std::memory_order_relaxed);
  }
}

void CodePages::grant(AppPc address, Moment now) {
  const Locked held(lock_);
  Page* page = find(address);
  if (page == nullptr || !is_protected(*page)) return;
  const bool often = page->opened >= kOpenings;
  give_back(page_down(address.value), *page);
  if (!often) return;
  // After the next calm, one opening tells that it goes on.
  page->opened = kOpenings - 1;
  check_from(*page, now);
}

std::vector<AppRange> CodePages::close_all(AppRange range, Moment now) {
  std::vector<AppRange> closing;
  if (!any_held()) return closing;
  const Locked held(lock_);
  for_each_in(range, [&](uint64_t address, Page& page) REQUIRES(lock_) {
    if (!is_protected(page)) return;
    if (page.mode == Mode::kHeld) start_closing(page, now);
    page.calm_at = kNever;  // it is opened in any case
    closing.push_back({{address}, {address + kPageSize}});
  });
  return closing;
}

void CodePages::open_closed(AppRange range, Moment now) {
  const Locked held(lock_);
  for_each_in(range, [&](uint64_t address, Page& page) REQUIRES(lock_) {
    if (page.mode != Mode::kClosing) return;
    give_back(address, page);
    check_from(page, now);
  });
}

void CodePages::release(AppRange range) {
  const Locked held(lock_);
  std::vector<uint64_t> inside;
  for_each_in(range, [&](uint64_t address, Page& page) REQUIRES(lock_) {
    give_back(address, page);
    inside.push_back(address);
  });
  for (const uint64_t address : inside) pages_.erase(address);
}

std::vector<AppRange> CodePages::calm(Moment now) {
  std::vector<AppRange> calmed;
  if (now < next_calm_.load(std::memory_order_relaxed)) return calmed;
  const Locked held(lock_);
  Moment next = kNever;
  for (auto& [address, page] : pages_) {
    if (page.mode != Mode::kChecked && page.mode != Mode::kClosing) continue;
    if (page.calm_at > now) {
      next = std::min(next, page.calm_at);
      continue;
    }
    if (page.mode == Mode::kClosing) {
      // Never opened, for want of further stores.
      page.mode = Mode::kHeld;
      page.stores = 0;
    } else {
      page.mode = Mode::kFree;
      page.last_opened = now;
    }
    calmed.push_back({{address}, {address + kPageSize}});
  }
  next_calm_.store(next, std::memory_order_relaxed);
  return calmed;
}

}  // namespace weft::engine
