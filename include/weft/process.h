// The running program as tools see it: process, threads, modules, and what events hand over.
// Owned by weft. Process and Code are for any thread at any time; the others say themselves.
#pragma once

#include <sys/types.h>

#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/block.h"
#include "weft/deletion.h"
#include "weft/instruction.h"
#include "weft/versions.h"

namespace weft {

class CallContext;
class Functions;
class Lists;

/// A thread of the program. Valid from on_thread_start() to the return of on_thread_exit(). Its
/// functions are for its own thread (events and clean calls on it), but for get(), which others may
/// call for a value that may be a moment old, and set(), if nothing but set() changes the counter.
/// None takes a lock.
class Thread {
 public:
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  virtual pid_t id() const = 0;  ///< as gettid() says
  virtual uint32_t number()
      const = 0;  ///< 0, 1, 2, ... in the order of their starts in this process
  virtual uint64_t get(ThreadCounter counter) const = 0;
  /// By another thread, of a counter that chooses among versions of blocks: costs a signal.
  virtual void set(ThreadCounter counter, uint64_t value) = 0;
  /// The word itself, as long as the thread lives: for functions that clean calls reach cheaply
  /// (see WEFT_GENERAL_REGISTERS_ONLY), which cannot call get() and set().
  virtual uint64_t* cell(ThreadCounter counter) = 0;
  virtual uint64_t get(Tally tally) const = 0;
  /// Hands what is in the thread's buffer to its callback.
  virtual void flush(Buffer buffer) = 0;
  /// The program's registers, for the thread itself, while it is outside of the code cache: in
  /// events, and in clean calls, where it is what call_context() is; and for whoever has stopped
  /// the thread (Process::stop_others()). What is changed there is what the program goes on with;
  /// in on_block() and events of memory and code, nothing may be.
  virtual CallContext& context() = 0;
  /// A pointer of the tool's, null at first; `key` comes from Process::new_thread_key().
  virtual void*& data(uint32_t key) = 0;

 protected:
  Thread() = default;
  ~Thread() = default;
};

/// The program's registers in a clean call, as if the instruction in front of which it stands were
/// next (or the one after it, for Block::after). Valid during the call, on its thread.
class CallContext {
 public:
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  virtual uint64_t get(Register reg) const = 0;
  virtual void set(Register reg, uint64_t value) = 0;
  virtual Address pc() const = 0;
  virtual uint64_t flags() const = 0;
  virtual void set_flags(uint64_t flags) = 0;
  virtual uint64_t fs_base() const = 0;
  virtual uint64_t gs_base() const = 0;
  /// The vector state in the standard XSAVE format (bytes 160 + 16 n: xmm n); may be changed.
  virtual void* xsave() = 0;
  virtual Thread& thread() = 0;
  /// When the function returns the program goes on at `pc` instead, with the registers as they then
  /// are. The rest of the block, the instruction of the call first, does not run.
  virtual void redirect(Address pc) = 0;
  /// In a clean call whose function runs: ends the call at once, as if the function returned. What
  /// it and what it called have on their stack is left as it is; no destructor runs.
  [[noreturn]] virtual void leave_call() = 0;

 protected:
  CallContext() = default;
  ~CallContext() = default;
};

/// An ELF image in the program's memory. Owned by the process; stays valid after
/// on_module_unload().
struct Module {
  /// 0, 1, 2, ... in the order of their appearance; never used again. The program is 0.
  uint32_t number = 0;
  std::string path;   ///< as /proc/self/maps gives it; "[vdso]" for the vdso
  Range range;        ///< from the first to the last byte mapped from it
  Address bias = 0;   ///< what was added to the addresses in the file
  Address entry = 0;  ///< biased
  bool loaded = true;
};

/// A system call. Valid during the event.
class SystemCall {
 public:
  SystemCall(const SystemCall&) = delete;
  SystemCall& operator=(const SystemCall&) = delete;

  virtual Thread& thread() = 0;
  virtual uint64_t number() const = 0;
  virtual uint64_t argument(int index) const = 0;  ///< 0 to 5
  virtual Address pc() const = 0;                  ///< behind the instruction
  /// In on_syscall_after(): as the kernel gives it, -errno for errors.
  virtual int64_t result() const = 0;

  /// In on_syscall_before(): changes what is about to be called.
  virtual void set_number(uint64_t number) = 0;
  virtual void set_argument(int index, uint64_t value) = 0;
  /// In on_syscall_before(): the call is not made, the program gets `result`. In
  /// on_syscall_after(): the program gets `result` instead.
  virtual void set_result(int64_t result) = 0;
  /// In on_syscall_after(): when all tools have seen it, another call is made, and shown to them:
  /// that which the registers then describe (Thread::context()). Its pc is this one's.
  virtual void call_again() = 0;

 protected:
  SystemCall() = default;
  ~SystemCall() = default;
};

/// What becomes of a signal.
enum class SignalAnswer : uint8_t {
  kDeliver,   ///< the program gets it
  kSuppress,  ///< it does not, and goes on with the registers as Thread::context() has them
};

/// Memory of the program: a range of pages with one protection.
struct MemoryArea {
  Range range;
  bool readable = false;  ///< these three as the program asked for them
  bool writable = false;
  bool executable = false;
  std::string path;  ///< of the file behind it; "[stack]" and the like; empty: anonymous
};

/// A signal that is about to be delivered to a handler of the program, or to kill it.
struct SignalInfo {
  Thread& thread;
  int number;
  const siginfo_t& info;
  Address pc;  ///< where the program was interrupted
};

/// Called with the records of a full buffer, or of one that is flushed, on their thread. `bytes` is
/// a multiple of the record's size. Runs as in a clean call.
using FlushFunction = void (*)(Thread& thread, const void* records, size_t bytes, void* argument);

class Process {
 public:
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  virtual pid_t id() const = 0;
  virtual const std::string& program() const = 0;                 ///< path of the executable
  virtual const std::vector<std::string>& arguments() const = 0;  ///< argv
  /// Whether this process was made by fork, or by an execve that was followed.
  virtual bool is_child() const = 0;
  virtual Code& code() = 0;
  /// Wraps and replaces functions; see weft/functions.h.
  virtual Functions& functions() = 0;
  /// Lays out blocks as edited lists; see weft/instruction_list.h.
  virtual Lists& lists() = 0;

  /// Prints "weft: TOOL: MESSAGE" and ends the process with status 2. For on_start().
  [[noreturn]] virtual void fail(std::string_view message) = 0;
  /// Ends the process as the program's own exit would: on_exit() and what comes before it run. Any
  /// thread.
  [[noreturn]] virtual void exit(int status) = 0;

  /// Zero at first. Memory for 2 million of them is there; more stop the process.
  virtual Counter new_counter() = 0;
  virtual ThreadCounter new_thread_counter() = 0;
  virtual Tally new_tally() = 0;
  /// The sum over all threads of this process, ended ones included. Exact once they have stopped.
  virtual uint64_t sum(ThreadCounter counter) = 0;
  virtual uint64_t sum(Tally tally) = 0;
  /// Sets the counter to 0 in every thread and forgets what ended threads had counted. For
  /// on_fork().
  virtual void reset(ThreadCounter counter) = 0;
  virtual void reset(Tally tally) = 0;
  /// For on_start() alone. Each thread gets room for `records` records of `record_bytes` bytes,
  /// which is flushed when it is full and before on_thread_exit(), on_exit() and (the caller's)
  /// on_exec(). The child of a fork starts with empty ones. At most 16 for all tools together.
  virtual Buffer new_buffer(size_t record_bytes, size_t records, FlushFunction flush,
                            void* argument) = 0;
  /// For on_start() alone: a key for Thread::data(). At most 1,024.
  virtual uint32_t new_thread_key() = 0;

  /// For on_start() alone. `selector` is the word that chooses; see Block::choose(). At most 16 for
  /// all tools together.
  virtual Versions new_versions(ThreadCounter selector, VersionOptions options) = 0;
  virtual Versions new_versions(Counter selector, VersionOptions options) = 0;

  /// Forks the program on `thread`, as if it had called fork() itself: the other threads are not in
  /// the child, on_fork() comes there first. For a clean call on that thread, which returns in both
  /// processes. The child's number, 0 in the child, or -errno.
  virtual pid_t fork_program(Thread& thread) = 0;
  /// Has the block at `tag` translated now rather than when a thread first comes to it; on_block()
  /// is called meanwhile. For a clean call on `thread`. False if there is no code, or no room.
  virtual bool translate(Thread& thread, Address tag) = 0;

  /// Stops all threads of the program but the caller's, if that is one, and waits until they stand,
  /// at most `timeout_ns`: in a system call, or between two instructions; in no code of a tool. A
  /// thread in a system call stands where it comes back: its registers are those of the call. True:
  /// `stopped` has them, until the same thread calls resume_others(). False: one of them did not
  /// come out of a clean call or an event, and all go on; so it is if the caller holds a lock that
  /// it waits for. One at a time: other callers wait. Any thread, but not in on_block().
  virtual bool stop_others(uint64_t timeout_ns, std::vector<Thread*>& stopped) = 0;
  virtual void resume_others() = 0;
  /// For on_start() alone: when the process ends, the other threads are stopped, as far as they can
  /// be within a second, before on_thread_exit() comes for all of them and on_exit().
  virtual void stop_others_at_end() = 0;
  /// Until it is called again, or the clean call ends: where the calling thread, one of the
  /// program's, goes on when code of the tool faults (SIGSEGV, SIGBUS): longjmp(landing, 1), once.
  /// null: nowhere, the process ends. Returns the one before.
  virtual std::jmp_buf* land_faults_at(std::jmp_buf* landing) = 0;

  /// Those that were ever loaded, by number.
  virtual std::vector<const Module*> modules() = 0;
  /// The loaded module that `address` lies in, or null.
  virtual const Module* module_at(Address address) = 0;
  /// Copies program memory; returns how many bytes could be read. Never faults.
  virtual size_t read_memory(Address from, void* to, size_t bytes) = 0;
  virtual size_t write_memory(Address to, const void* from, size_t bytes) = 0;
  /// The memory of the program that `address` lies in; nothing: none does.
  virtual std::optional<MemoryArea> memory_at(Address address) = 0;
  /// The next memory of the program at or above `address`.
  virtual std::optional<MemoryArea> memory_from(Address address) = 0;
  /// Moves a descriptor of the tool's out of the program's way: no call of the program uses, closes
  /// or replaces it. Returns its new number, or -1 if there is no room. Any thread.
  virtual int keep_descriptor(int fd) = 0;
  /// Before such a descriptor is closed.
  virtual void release_descriptor(int fd) = 0;
  /// An output's name: %p becomes the process's number, %% a percent sign.
  virtual std::string output_name(std::string_view pattern) = 0;
  /// A descriptor of standard error as it is at the first call, best in on_start(): many programs
  /// close theirs before on_exit(). The program can neither use it nor close it; it is closed with
  /// the process, and not to be closed by a tool. Whoever waits for the end of what the program
  /// writes there waits for that.
  virtual int error_stream() = 0;
  /// In on_thread_exit() and on_exit(): the signal that the process dies by; 0: none, it exits. Any
  /// thread.
  virtual int death_signal() const = 0;

 protected:
  Process() = default;
  ~Process() = default;
};

/// A T for each thread, made when the thread first asks for it, and destroyed behind
/// on_thread_exit() if that calls release(). Made in on_start(); get() is for the thread itself.
template <typename T>
class ThreadData {
 public:
  ThreadData() = default;
  explicit ThreadData(Process& process) : key_(process.new_thread_key()) {}
  T& get(Thread& thread) const {
    void*& slot = thread.data(key_);
    if (slot == nullptr) slot = new T();
    return *static_cast<T*>(slot);
  }
  void release(Thread& thread) const {
    void*& slot = thread.data(key_);
    delete static_cast<T*>(slot);
    slot = nullptr;
  }

 private:
  uint32_t key_ = 0;
};

}  // namespace weft
