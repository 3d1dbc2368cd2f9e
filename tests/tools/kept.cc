// Additions that code images may keep: two counts of instructions, which have to agree, and
// deletions while most of an image's code has not been wanted yet.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "weft/tool.h"

namespace {

class Kept final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("deletes", "",
                     "what it deletes at system calls: once, all, modules, blocks, inside");
  }

  std::string image_version(const weft::Options&) const override { return "two counts"; }

  void on_start(weft::Process& process, const weft::Options& options) override {
    process_ = &process;
    deletes_ = options.text("deletes");
    tally_ = process.new_tally();
    // Breaks what its version promises.
    if (std::getenv("KEPT_MORE") != nullptr) process.new_counter();
    counter_ = process.new_counter();
  }

  void on_block(weft::Block& block) override {
    ++built_;
    block.anywhere().add(tally_, static_cast<int32_t>(block.size()));
    block.anywhere().add(counter_, static_cast<int32_t>(block.size()));
  }

  void on_syscall_before(weft::SystemCall& call) override {
    constexpr int kOften = 5;
    if (++calls_ % kOften != 0) return;
    weft::Code& code = process_->code();
    if (deletes_ == "once" && calls_ == kOften) code.delete_all();
    if (deletes_ == "all" || deletes_ == "inside") code.delete_all();
    if (deletes_ == "blocks") code.delete_fragment(call.pc());
    if (deletes_ != "modules") return;
    const auto modules = process_->modules();
    code.delete_region(modules[static_cast<size_t>(calls_ / kOften) % modules.size()]->range);
  }

  void on_fragment_deleted(const weft::FragmentInfo& info) override {
    constexpr int kOften = 64;
    if (++deleted_ % kOften == 0 && deletes_ == "inside")
      process_->code().delete_fragment(info.tag + 1);
  }

  std::vector<uint8_t> image_state(weft::Process&,
                                   const std::function<bool(weft::Address)>& kept) override {
    const auto own = kept(process_->modules().front()->entry);
    return {'k', static_cast<uint8_t>(own ? 'p' : 'l')};
  }

  void resume_image(weft::Process&, std::span<const uint8_t> state) override {
    resumed_ = state[0] == 'k' && state[1] == 'p' ? "program" : "libraries";
  }

  void on_exit(weft::Process& process, int) override {
    std::fprintf(
        stderr, "kept: resumed=%s built=%d deleted=%d counts %s\n", resumed_, built_.load(),
        deleted_.load(),
        process.sum(tally_) == counter_.get() && counter_.get() > 1000 ? "agree" : "differ");
  }

 private:
  weft::Process* process_ = nullptr;
  std::string deletes_;
  const char* resumed_ = "nothing";
  weft::Tally tally_;
  weft::Counter counter_;
  std::atomic<int> built_ = 0;
  std::atomic<int> deleted_ = 0;
  std::atomic<int> calls_ = 0;
};

}  // namespace

WEFT_TOOL(Kept);
