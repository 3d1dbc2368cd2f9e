// Each way to delete, from clean calls in the loop of counted_loop.S and from a thread of the
// tool's own; and what is told of it.
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include "weft/tool.h"

namespace {

class Deletions final : public weft::Tool {
 public:
  void on_start(weft::Process& process, const weft::Options&) override {
    code_ = &process.code();
    error_stream_ = process.error_stream();
    rounds_ = process.new_thread_counter();
    // The program's signals are not for this thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    other_ = std::thread([this] { delete_from_outside(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void on_block(weft::Block& block) override {
    const bool loop =
        block.size() == 3 && block[2].kind() == weft::InstructionKind::kConditionalJump;
    if (!loop) return;
    ++built_;
    block.before(0).add(rounds_);
    block.before(1).call(&round, this, block.tag(), weft::thread_counter(rounds_));
  }

  void on_fragment_deleted(const weft::FragmentInfo& fragment) override {
    const std::lock_guard guard(mutex_);
    wrong_ += deleted_.insert(fragment.sequence).second ? 0 : 1;
  }

  void on_fragment_reclaimed(const weft::FragmentInfo& fragment) override {
    const std::lock_guard guard(mutex_);
    wrong_ += deleted_.count(fragment.sequence) == 1 ? 0 : 1;
    wrong_ += reclaimed_.insert(fragment.sequence).second ? 0 : 1;
  }

  void on_exit(weft::Process&, int) override {
    other_.join();
    const std::lock_guard guard(mutex_);
    dprintf(error_stream_, "deletions: built-anew=%s reclaimed=%s quiescent=%d wrong=%d\n",
            built_ > 5 ? "yes" : "no", reclaimed_.empty() ? "no" : "yes", quiescent_.load(),
            wrong_.load());
  }

 private:
  static void round(Deletions* tool, weft::Address tag, uint64_t round) {
    tool->in_round(tag, round);
  }

  void expect(bool right) { wrong_ += right ? 0 : 1; }

  /// The calling fragment contains the block `tag`, unless somebody else has just deleted it.
  void in_round(weft::Address tag, uint64_t round) {
    const uint64_t built = built_;
    const weft::Address tags[] = {tag, tag, tag + 1};
    switch (round) {
      case 100:
        for (const weft::FragmentInfo& fragment : code_->fragments_in({tag, tag + 1}))
          expect(contains(fragment, tag));
        for (const weft::FragmentInfo& fragment : code_->containing(tag))
          expect(contains(fragment, tag));
        code_->delete_fragments(tags);
        expect(code_->delete_fragments(tags) == 0 && !code_->exists(tag) &&
               code_->fragments_at(tag).empty());
        break;
      case 101:
        built_before_ = built;
        break;
      case 200:
        // Built again behind the deletion, and each round since.
        expect(built_before_ > 1 && code_->delete_region({tag - 1, tag}) <= 1);
        code_->delete_region({tag, tag + 1});
        expect(code_->delete_region({tag, tag + 1}) == 0 &&
               code_->fragments_in({tag, tag + 1}).empty());
        break;
      case 300:
        built_before_ = built;
        expect(code_->request_delete(tag));
        expect(!code_->await_quiescence(1'000'000'000));  // on a thread of the program
        break;
      case 900:
        // A round of the loop has no exits; the request is served nevertheless.
        expect(built > built_before_);
        code_->delete_all();
        expect(!code_->exists(tag));
        break;
      case 950:
        tag_ = tag;
        for (int i = 0; i < 10'000 && tag_ != 0; ++i)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        expect(!code_->exists(tag));
        break;
      default:
        break;
    }
  }

  static bool contains(const weft::FragmentInfo& fragment, weft::Address tag) {
    for (const auto& part : fragment.constituents) {
      if (part.tag <= tag && part.bytes.end > tag) return true;
    }
    return false;
  }

  void delete_from_outside() {
    while (tag_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    code_->delete_fragment(tag_);
    expect(code_->containing(tag_).empty());
    tag_ = 0;
    quiescent_ = code_->await_quiescence(60'000'000'000);
  }

  weft::Code* code_ = nullptr;
  int error_stream_ = 2;
  weft::ThreadCounter rounds_;
  std::thread other_;
  std::atomic<weft::Address> tag_{0};  ///< set: to be deleted by the tool's thread
  std::atomic<bool> quiescent_{false};
  std::atomic<uint64_t> built_{0};
  uint64_t built_before_ = 0;
  std::atomic<int> wrong_{0};
  std::mutex mutex_;
  std::set<uint64_t> deleted_;
  std::set<uint64_t> reclaimed_;
};

}  // namespace

WEFT_TOOL(Deletions);
