// The tools' host: what stands between the engine and the tools. One a process, made before the
// program starts, lives as long as it. Any thread; tools are called without a lock held.
#pragma once

#include <array>
#include <csetjmp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/spin_lock.h"
#include "engine/hooks.h"
#include "tool/callee.h"
#include "tool/case_table.h"
#include "tool/code_view.h"
#include "tool/first_runs.h"
#include "tool/functions.h"
#include "tool/library.h"
#include "tool/lists.h"
#include "tool/modules.h"
#include "tool/part_table.h"
#include "tool/running.h"
#include "tool/thread_stop.h"
#include "tool/thread_view.h"
#include "weft/tool.h"

namespace weft::tool {

class Host final : public engine::Hooks, public Process {
 public:
  explicit Host(std::vector<Library> tools) : tools_(std::move(tools)) {}

  void set_program(std::string path, std::vector<std::string> arguments, bool followed);

  /// Tells apart what the tools add to code; empty if one of them does not say so.
  std::string image_version() const;

  // engine::Hooks
  void start(engine::Engine& engine, AppRange words) override;
  void resume_image(std::vector<uint8_t> state) override { image_ = std::move(state); }
  std::optional<std::vector<uint8_t>> image_state(const std::function<bool(AppPc)>& kept) override;
  void process_started(engine::Thread& thread) override;
  void thread_started(engine::Thread& thread) override;
  void thread_ending(engine::Thread& thread) override;
  void process_ending(engine::Thread& thread, int status, int signal) override;
  void exec_starting(engine::Thread& thread) override;
  void add_fork_locks(ForkLocks& locks) override;
  void forked(engine::Thread& thread) override;
  void cpu_alarm() override { first_runs_.settle(); }
  void memory_changed(AppRange range) override;
  void published(const cache::Fragment& fragment) override;
  bool syscall_before(engine::Thread& thread) override;
  size_t lend(engine::Thread& thread) override;
  void take_back(engine::Thread& thread, size_t lent) override;
  bool syscall_after(engine::Thread& thread) override;
  bool signal(engine::Thread& thread, const siginfo_t& info) override;
  bool clean_call(engine::Thread& thread, const translate::CallSite& site) override;
  bool faulted(const siginfo_t& info, x86::CpuContext& registers) override;
  void aborted(engine::Thread* thread, const x86::CpuContext& registers) override;
  void hangs(engine::Thread& thread, int signal, const x86::CpuContext& registers) override;
  engine::ListAnswer list_fault(engine::Thread& thread, const siginfo_t& info,
                                const engine::ListItem& item, x86::CpuContext& machine,
                                x86::CpuContext& program) override;
  bool wants_whole_blocks() const override { return lists_.edits(); }
  void instrument(translate::PlannedBlock& block,
                  std::unique_ptr<translate::FragmentData>& data) override;
  const translate::CallSite& missing_site(const translate::PlannedBlock& block,
                                          std::unique_ptr<translate::FragmentData>& data) override;
  void on_deleted(const cache::Fragment& fragment) override;
  void on_reclaimed(const cache::Fragment& fragment) override;

  // Process
  pid_t id() const override;
  const std::string& program() const override { return program_; }
  const std::vector<std::string>& arguments() const override { return arguments_; }
  bool is_child() const override { return is_child_; }
  Code& code() override { return code_; }
  Functions& functions() override { return functions_; }
  Lists& lists() override { return lists_; }
  [[noreturn]] void fail(std::string_view message) override;
  [[noreturn]] void exit(int status) override;
  Counter new_counter() override;
  ThreadCounter new_thread_counter() override;
  Tally new_tally() override;
  uint64_t sum(ThreadCounter counter) override;
  uint64_t sum(Tally tally) override;
  void reset(ThreadCounter counter) override;
  void reset(Tally tally) override;
  Buffer new_buffer(size_t record_bytes, size_t records, FlushFunction flush,
                    void* argument) override;
  uint32_t new_thread_key() override;
  Versions new_versions(ThreadCounter selector, VersionOptions options) override;
  Versions new_versions(Counter selector, VersionOptions options) override;
  pid_t fork_program(Thread& thread) override;
  bool translate(Thread& thread, Address tag) override;
  std::vector<const Module*> modules() override { return modules_.all(); }
  const Module* module_at(Address address) override { return modules_.at(address); }
  size_t read_memory(Address from, void* to, size_t bytes) override;
  size_t write_memory(Address to, const void* from, size_t bytes) override;
  std::optional<MemoryArea> memory_at(Address address) override;
  std::optional<MemoryArea> memory_from(Address address) override;
  int keep_descriptor(int fd) override;
  void release_descriptor(int fd) override;
  std::string output_name(std::string_view pattern) override;
  int error_stream() override;
  int death_signal() const override { return death_signal_; }
  bool stop_others(uint64_t timeout_ns, std::vector<Thread*>& stopped) override;
  void resume_others() override { stop_.resume(); }
  void stop_others_at_end() override { stops_at_end_ = true; }
  std::jmp_buf* land_faults_at(std::jmp_buf* landing) override;

  engine::Engine& engine() { return *engine_; }
  /// The tool whose on_start() runs; empty if none does.
  std::string_view starting() const { return starting_; }
  /// So many words in a row, in reach of code memory; the first at a multiple of `alignment` words.
  uint64_t* new_words(size_t count, size_t alignment);

 private:
  /// The tool whose code `pc` is in, or null.
  const Library* library_at(uint64_t pc) const;
  /// Which tool is at work where, as far as registers, stack and the thread's note tell.
  struct Culprit {
    const Library* library = nullptr;
    uint64_t place = 0;           ///< in its code; 0: unknown
    bool is_there = false;        ///< it stands there itself, not what it called
    const char* event = nullptr;  ///< what of it runs; null: unknown
  };
  /// The name of the tool that runs on the thread.
  std::string_view running_tool(const engine::Thread& thread) const;
  /// Whether the program can go on where a clean call has sent it.
  void check_target(engine::Thread& thread) const;
  Culprit culprit(const engine::Thread* thread, const x86::CpuContext& registers) const;
  /// Each tool in its order, as what runs on `thread` (null: none of the program's) meanwhile.
  template <typename Call>
  void tell(engine::Thread* thread, const char* event, Call call) {
    for (const Library& each : tools_) {
      const Running running(thread, event, &each);
      call(*each.tool);
    }
  }
  static ThreadView& view_of(engine::Thread& thread);
  uint64_t* new_word() { return new_words(1, 1); }
  Versions add_versions(translate::Word selector, VersionOptions options);
  /// Has all tools add to one version of a block, and one of them edit it.
  void instrument_version(translate::BlockPlan& plan, translate::PlanUse use,
                          std::unique_ptr<translate::FragmentData>& data, Choice& choice);
  /// A block's default version has run often enough, and is about to run once more. True if the
  /// block is to be entered again instead.
  bool new_case(ThreadView& view, const CallSite& site);
  /// A block of which the first version alone was made, because the word chose it, is about to run
  /// another one: it is made with all of them, and entered again.
  bool make_versions(ThreadView& view, const CallSite& site);
  /// How a block is chosen among the versions of `choice`, of each set for its first `most` values.
  translate::Switch switch_of(const Choice& choice, size_t most) const;
  /// Gives exits that leave a version something to know it by.
  void name_versions(translate::Switch& by, const Choice& choice);
  /// Whether it is enough to make the first version of a block.
  bool may_wait(const Choice& choice, const translate::BlockPlan& first);
  /// Puts a call of make_versions() in place of all versions but the first.
  void add_missing(translate::PlannedBlock& block, const Choice& choice);
  /// Makes all versions of a block, of which there is the first; `bare` is the block without
  /// additions. False: that has to begin anew, for a tool has asked, in one of them, for versions
  /// that it did not ask for in the first.
  bool add_versions(translate::PlannedBlock& block, std::unique_ptr<translate::FragmentData>& data,
                    Choice& choice, const translate::BlockPlan& bare);
  /// The same of a block with more than fit: most of them are in parts. False, too, if it cannot
  /// be so divided.
  bool add_parts(translate::PlannedBlock& block, std::unique_ptr<translate::FragmentData>& data,
                 Choice& choice, const translate::BlockPlan& bare);
  std::optional<translate::Parts> divide(const translate::PlannedBlock& block,
                                         const Choice& choice);
  /// What a block, or its part, is chosen by.
  translate::Word word_of(const ChosenSet& set) const;
  /// What the calling thread finds in a word.
  static int64_t value_of(const translate::Word& word);
  /// Whether a value that has no version gets one when it is met first.
  bool gets_case_at_once(Versions versions) const;
  /// Deletes the code in which a value came up that has a case now: of the block, or of its part.
  void replace_case(const CallSite& site);
  /// The calling thread of the program's, or null; its view, null while tools start, too.
  engine::Thread* current() const;
  ThreadView* current_view() const;
  /// Where a fault of the calling thread lands.
  std::jmp_buf*& landing();
  /// By `running`, or a thread of a tool's own.
  void end_thread(engine::Thread* running, ThreadView& view);
  /// The thread has ended. False: it is to stand still, so it has to stay.
  bool take_out(const ThreadView& view);
  /// The tools, which have started, go on with an image's code, or it goes.
  void go_on_with_image(engine::Thread& thread);
  void tell_of_modules(const std::vector<Modules::Change>& changes);
  void delete_what_was_put_off(ThreadView& view);
  std::vector<ThreadView*> views();

  std::vector<Library> tools_;
  engine::Engine* engine_ = nullptr;
  AppRange words_;
  FirstRuns first_runs_;
  CodeView code_{first_runs_};
  Modules modules_;
  CaseTable cases_;
  PartTable parts_;
  Callees callees_;
  FunctionTable functions_{*this};
  std::vector<Modules::Change> first_modules_;  ///< found before there was a thread
  ListTable lists_{*this};
  std::string program_;
  std::vector<std::string> arguments_;
  bool is_child_ = false;
  std::string_view starting_;    ///< the tool whose on_start() runs
  std::vector<uint8_t> image_;   ///< what was resumed; the tools look into it
  uint64_t start_counters_ = 0;  ///< counters that the tools made as they started

  ThreadView::Selectors selectors_;  ///< constant once the first thread runs
  std::vector<BufferSpec> buffers_;  ///< constant once the first thread runs
  std::vector<BufferLayout> layouts_;
  std::atomic<uint64_t> next_counter_{0};
  std::atomic<uint32_t> next_thread_counter_{0};
  std::atomic<uint32_t> next_tally_{0};
  std::atomic<uint32_t> next_key_{0};
  std::atomic<int> death_signal_{0};
  bool stops_at_end_ = false;              ///< constant once the first thread runs
  std::jmp_buf* first_landing_ = nullptr;  ///< while tools start: there is no thread's yet

  HostLock lock_;
  bool ended_ GUARDED_BY(lock_) = false;
  pid_t ender_ = 0;  ///< the thread that ends the process; set under lock_, constant from then on
  std::vector<std::unique_ptr<ThreadView>> threads_ GUARDED_BY(lock_);
  uint32_t threads_made_ GUARDED_BY(lock_) = 0;
  std::array<uint64_t, kThreadCounters> ended_counts_ GUARDED_BY(lock_){};
  std::array<uint64_t, kTallies> ended_tallies_ GUARDED_BY(lock_){};
  ThreadStop stop_{lock_, threads_};
};

}  // namespace weft::tool
