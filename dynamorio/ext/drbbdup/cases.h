// Which cases each block has. Known ones come from the client at each building; those that came up
// at run time stay with the block. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "drbbdup.h"

namespace weft::dynamorio::drbbdup {

/// What the client said of a block that is being built, and what is known besides.
struct BlockCases {
  uintptr_t default_case = 0;
  std::vector<uintptr_t> others;
  bool duplicates = true;
  bool dynamic = true;  ///< new values are looked for

  bool has(uintptr_t encoding) const;
};

/// Values that a block met at run time.
class DynamicCases {
 public:
  /// Adds those of the block, and tells whether more are wanted.
  void extend(void* tag, BlockCases& cases, size_t limit);
  /// The block's default case ran with `encoding`. True: it is one of its cases from now on.
  bool met(void* tag, uintptr_t encoding, unsigned threshold, size_t limit, bool& ends);

 private:
  struct Entry {
    std::vector<uintptr_t> cases;
    std::map<uintptr_t, unsigned> hits;
    size_t known = 0;  ///< cases that the client registered
    bool ended = false;
  };
  std::mutex mutex_;
  std::map<void*, Entry> blocks_;  ///< by tag; under mutex_
};

struct Counts {
  std::atomic<unsigned long> without_duplicates{0};
  std::atomic<unsigned long> without_dynamic{0};
  std::atomic<unsigned long> generated{0};
  std::atomic<unsigned long> refused{0};
};

/// One a process, from drbbdup_init() to drbbdup_exit().
struct Manager {
  drbbdup_options_t options{};
  DynamicCases dynamic;
  Counts counts;
};
/// Null before drbbdup_init().
Manager* manager();

/// A block on its way through the phases, of the calling thread.
struct Pass {
  void* tag = nullptr;
  BlockCases cases;
  instrlist_t* original = nullptr;  ///< the block before it was duplicated
  void* original_analysis = nullptr;
  std::vector<void*> case_analysis;  ///< the default's last
  /// While instructions are gone through: the case that they belong to, as an index; -1: none.
  int current = -1;
  instr_t* first = nullptr;
  instr_t* first_nonlabel = nullptr;
  instr_t* last = nullptr;
  instr_t* shared_last = nullptr;  ///< a transfer of control that all cases have in common

  size_t count() const { return cases.others.size() + 1; }
  uintptr_t encoding(size_t index) const {
    return index < cases.others.size() ? cases.others[index] : cases.default_case;
  }
};
Pass& pass();

/// Labels: each case's start (data: its index), its end, and where all cases meet.
enum class Mark : uint8_t { kStart, kEnd, kExit };
instr_t* make_mark(void* drcontext, Mark mark, size_t index);
bool is_mark(instr_t* instruction, Mark mark, size_t* index = nullptr);

/// Inserts the choice in front of `where`, of the cases whose starts are `starts`.
void insert_choice(void* drcontext, instrlist_t* list, instr_t* where, const Pass& pass,
                   const std::vector<instr_t*>& starts);
/// At a case's start: the program's state is whole again.
void insert_arrival(void* drcontext, instrlist_t* list, instr_t* where);
/// In the default case: sees whether the word's value is to have a case.
void insert_lookout(void* drcontext, instrlist_t* list, instr_t* where, const Pass& pass);

void start_events();
void stop_events();

}  // namespace weft::dynamorio::drbbdup
