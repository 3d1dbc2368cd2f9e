// Deletion of translated code. Code is owned by the engine and lives as long as the process; every
// function may be called by any thread at any time, from events and clean calls, too, unless it
// says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "weft/instruction.h"

namespace weft {

/// What delete_fragment() takes out.
enum class Scope : uint8_t {
  kAll,        ///< the block, the trace of the tag, and every fragment that contains the block
  kTraceOnly,  ///< the trace of this tag; blocks stay
};

/// What died.
struct Deleted {
  bool block = false;
  bool trace = false;
  uint32_t containing = 0;  ///< further fragments that contained the block
  bool any() const { return block || trace || containing != 0; }
};

/// Whose code cache a thread runs from.
enum class ThreadCache : uint8_t {
  kOwn,       ///< its own: --cache=private
  kShared,    ///< one that others run from, too
  kNoThread,  ///< there is no such thread of the program
};

/// What Code::delete_in_thread() did: nothing unless the thread has a cache of its own.
struct DeletedInThread {
  ThreadCache cache = ThreadCache::kNoThread;
  Deleted deleted;
};

/// A fragment, copied out: what it was when it was looked at.
struct FragmentInfo {
  Address tag = 0;
  bool is_trace = false;
  /// Numbers fragments in the order in which they were made; never used again.
  uint64_t sequence = 0;
  uint64_t code_bytes = 0;
  struct Constituent {
    Address tag = 0;
    Range bytes;
  };
  /// The basic blocks whose code it contains. The first is the one at its tag.
  std::vector<Constituent> constituents;
};

class Code {
 public:
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  /// Takes out the block of `tag`, its trace and everything that contains the block at any
  /// position. On return no thread enters the removed code again; threads that are inside leave by
  /// their next exit, the calling clean call included, which may return into it or go on elsewhere
  /// (CallContext::redirect). The next execution of the tag calls on_block() again. Never waits for
  /// a thread. About 1 us and what the links to the fragment cost; nothing for the rest of the
  /// cache. Calls on_fragment_deleted() of all tools before it returns, as do the functions below:
  /// locks that those take must not be held. In on_block(): see there.
  virtual Deleted delete_fragment(Address tag, Scope scope = Scope::kAll) = 0;
  /// The same for each of the tags; returns how many fragments died.
  virtual uint64_t delete_fragments(std::span<const Address> tags, Scope scope = Scope::kAll) = 0;
  /// Every fragment with a byte in `range`, to the byte.
  virtual uint64_t delete_region(Range range) = 0;
  virtual uint64_t delete_all() = 0;
  /// What set_once() added and what has run since is put back into all code, for on_fork(): the
  /// child finds out for itself what it runs. Returns how many additions these were. Threads may be
  /// running.
  virtual uint64_t put_back_set_once() = 0;
  /// As delete_fragment(tag), from a place that may do nothing, such as a signal handler of the
  /// tool: the deletion is made soon by some thread of the program. False if too many wait already.
  virtual bool request_delete(Address tag) = 0;

  /// Whether a fragment starts at or can be entered at `tag`.
  virtual bool exists(Address tag) = 0;
  virtual std::vector<FragmentInfo> fragments_at(Address tag) = 0;
  /// Those that contain the block `tag` at any position, the one at the tag included.
  virtual std::vector<FragmentInfo> containing(Address tag) = 0;
  virtual std::vector<FragmentInfo> fragments_in(Range range) = 0;

  /// Waits until nobody can be executing what was deleted before the call, at most `timeout_ns`.
  /// True if so. Only from a thread of the tool's own: in a clean call or an event, which run on
  /// threads of the program, it returns false at once.
  virtual bool await_quiescence(uint64_t timeout_ns) = 0;

  /// As delete_fragment(), from the cache of the thread `thread` (Thread::id(); 0: the calling one)
  /// alone: other threads keep the code that they have. Only with --cache=private; from a cache
  /// that threads share nothing is deleted, as the answer says. If the thread ends meanwhile, the
  /// code may go from the cache of one that has just started, which makes it anew.
  virtual DeletedInThread delete_in_thread(int thread, Address tag, Scope scope = Scope::kAll) = 0;

 protected:
  Code() = default;
  ~Code() = default;
};

}  // namespace weft
