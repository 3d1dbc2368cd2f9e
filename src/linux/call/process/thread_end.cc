#include "linux/call/process/thread_end.h"

#include <linux/futex.h>
#include <sys/prctl.h>

#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr int kMostLocks = 2048;  // ROBUST_LIST_LIMIT

AppRange word_at(uint64_t address) { return {{address}, {address + sizeof(uint32_t)}}; }

void visit_robust_list(const std::function<void(AppRange)>& visit) {
  uint64_t address = 0;
  size_t size = 0;
  robust_list_head head{};
  raw_syscall(__NR_get_robust_list, 0, word(&address), word(&size));
  if (address == 0 || !read_program(&head, address)) return;
  // The lowest bit of a link tells the kind of lock.
  const auto lock_of = [&head](const robust_list* entry) {
    return (word(entry) & ~uint64_t{1}) + static_cast<uint64_t>(head.futex_offset);
  };
  const robust_list* entry = head.list.next;
  for (int i = 0; i < kMostLocks && (word(entry) & ~uint64_t{1}) != address; ++i) {
    visit(word_at(lock_of(entry)));
    robust_list next{};
    if (!read_program(&next, word(entry) & ~uint64_t{1})) break;
    entry = next.next;
  }
  if (head.list_op_pending != nullptr) visit(word_at(lock_of(head.list_op_pending)));
}

}  // namespace

void for_each_word_at_thread_end(const std::function<void(AppRange)>& visit) {
  uint64_t clear_child_tid = 0;
  raw_syscall(__NR_prctl, PR_GET_TID_ADDRESS, word(&clear_child_tid));
  if (clear_child_tid != 0) visit(word_at(clear_child_tid));
  visit_robust_list(visit);
}

}  // namespace weft::linux
