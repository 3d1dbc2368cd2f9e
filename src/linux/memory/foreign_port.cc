#include "linux/memory/foreign_port.h"

#include <sys/uio.h>

#include "linux/kernel/raw_syscall.h"
#include "linux/memory/reserve.h"

namespace weft::linux {

std::optional<ForeignRecord> foreign_record(pid_t id) {
  ForeignRecord record{};
  const iovec local{&record, sizeof record};
  const iovec remote{reinterpret_cast<void*>(kForeignRecord), sizeof record};
  const int64_t read = raw_syscall(__NR_process_vm_readv, static_cast<uint64_t>(id), word(&local),
                                   1, word(&remote), 1, 0);
  const bool whole = read == static_cast<int64_t>(sizeof record);
  if (!whole || record.magic != ForeignRecord::kMagic) return std::nullopt;
  return record;
}

void ForeignPort::open() {
  if (failed(reserve_memory(kForeignPort))) return;
  record_ = reinterpret_cast<ForeignRecord*>(kForeignRecord);
  store(record_->magic, ForeignRecord::kMagic);
}

void ForeignPort::set_program(uint64_t device, uint64_t inode) {
  if (record_ == nullptr) return;
  store(record_->program_device, device);
  store(record_->program_inode, inode);
}

uint64_t& ForeignPort::page_at(uint64_t place) const {
  return reinterpret_cast<uint64_t*>(record_ + 1)[place];
}

uint32_t ForeignPort::list(uint64_t page) {
  if (record_ == nullptr || record_->page_count == ForeignRecord::kMostPages) return kNotListed;
  const uint64_t place = record_->page_count;
  store(page_at(place), page);
  store(record_->page_count, place + 1);
  return static_cast<uint32_t>(place);
}

uint64_t ForeignPort::strike(uint32_t place) {
  if (place == kNotListed) return 0;
  const uint64_t last = record_->page_count - 1;
  const uint64_t moved = page_at(last);
  // In this order: a reader finds the page that moves twice rather than not at all.
  store(page_at(place), moved);
  store(record_->page_count, last);
  return place == last ? 0 : moved;
}

std::optional<AppRange> ForeignPort::take_request() {
  const uint64_t asked = load(record_->asked);
  if (asked == load(record_->served)) return std::nullopt;
  // Whoever writes the next request meanwhile makes this one larger, and its number comes last.
  const AppRange range{{load(record_->request.start)}, {load(record_->request.end)}};
  store(record_->served, asked);
  return range;
}

}  // namespace weft::linux
