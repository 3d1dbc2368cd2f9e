// Deletes what two threads of in_step.c both have built from the cache of one of them, while the
// other waits, and says what was left of it: none of it if threads share the cache.
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "weft/tool.h"

namespace {

class EachCache final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override { code_ = &process.code(); }

  void on_thread_start(weft::Thread& thread) override {
    const std::lock_guard held(lock_);
    ids_.push_back(thread.id());
  }

  void on_block(weft::Block& block) override {
    const std::lock_guard held(lock_);
    tags_.insert(block.tag());
  }

  void on_syscall_before(weft::SystemCall& call) override {
    constexpr uint64_t kGetppid = 110;
    if (call.number() == kGetppid) try_all(call.thread().id());
  }

 private:
  size_t copies(weft::Address tag) const { return code_->containing(tag).size(); }

  void try_all(int self) {
    std::vector<weft::Address> tags;
    int other = 0;
    {
      const std::lock_guard held(lock_);
      tags.assign(tags_.begin(), tags_.end());
      for (const int id : ids_) other = id != self ? id : other;
    }
    constexpr int kNobody = 0x7FFFFFFF;
    const weft::ThreadCache nobody = code_->delete_in_thread(kNobody, tags[0]).cache;
    uint32_t both = 0;
    uint32_t others = 0;
    uint32_t own = 0;
    uint32_t left = 0;
    weft::ThreadCache cache = weft::ThreadCache::kNoThread;
    for (const weft::Address tag : tags) {
      if (copies(tag) != 2) continue;
      ++both;
      const weft::DeletedInThread of_other = code_->delete_in_thread(other, tag);
      cache = of_other.cache;
      if (of_other.deleted.any() && copies(tag) == 1) ++others;
      if (code_->delete_in_thread(0, tag).deleted.any() && !code_->exists(tag)) ++own;
      left += copies(tag) != 0 ? 1 : 0;
    }
    const weft::DeletedInThread last = code_->delete_in_thread(0, tags[0]);
    std::fprintf(stderr, "each: both=%d other=%d own=%d left=%u cache=%d,%d nobody=%d\n", both > 9,
                 both == others, both == own, left, static_cast<int>(cache),
                 static_cast<int>(last.cache), static_cast<int>(nobody));
  }

  weft::Code* code_ = nullptr;
  std::mutex lock_;
  std::set<weft::Address> tags_;
  std::vector<int> ids_;
};

}  // namespace

WEFT_TOOL(EachCache);
