// The tool that clients of the DynamoRIO API run in: loads them, keeps what they registered, turns
// the tool interface's events into theirs. One a process, made before the program starts.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/client.h"
#include "core/context.h"
#include "core/events.h"
#include "core/lives.h"
#include "core/slots.h"
#include "weft/tool.h"

namespace weft::dynamorio {

struct Counts {
  std::atomic<uint64_t> blocks{0};
  std::atomic<uint64_t> threads{0};
  std::atomic<uint64_t> most_threads{0};
};

class Room final : public Tool {
 public:
  Room();

  /// The one there is. The API's functions are C functions without an object, so it is found by a
  /// variable, set once, before any of them can be called.
  static Room& get();
  /// Null in a program that uses the IR alone.
  static Room* find();

  Events& events() { return events_; }
  Process& process() { return *process_; }
  const std::vector<Client>& clients() const { return clients_; }
  Client* client(client_id_t id);
  Contexts& contexts() { return contexts_; }
  Slots& slots() { return slots_; }
  Lives& lives() { return lives_; }
  const Counts& counts() const { return counts_; }

  // Tool
  std::string_view summary() const override { return "runs clients of the DynamoRIO API"; }
  void declare(OptionList& list) override;
  void on_start(Process& process, const Options& options) override;
  void on_exit(Process& process, int status) override;
  void on_thread_start(Thread& thread) override;
  void on_thread_exit(Thread& thread) override;
  void on_module_load(const Module& module) override;
  void on_module_unload(const Module& module) override;
  void on_trace(const FragmentInfo& trace) override;
  void on_fragment_reclaimed(const FragmentInfo& fragment) override;
  void on_syscall_before(SystemCall& call) override;
  void on_syscall_after(SystemCall& call) override;
  SignalAnswer on_signal_before(const SignalInfo& signal) override;
  void on_fork(Process& process, Thread& thread) override;

 private:
  bool wants(void* drcontext, int number) const;
  void start_lists(Lists& lists);
  static bool edit(InstructionList& list, void* argument);
  bool edit_block(InstructionList& block);

  Process* process_ = nullptr;
  std::vector<Client> clients_;
  Events events_;
  Contexts contexts_;
  Context* first_ = nullptr;  ///< of the first thread, until it starts
  Slots slots_;
  Lives lives_;
  Counts counts_;
  std::mutex blocks_mutex_;  ///< while the block events of one block run
};

}  // namespace weft::dynamorio
