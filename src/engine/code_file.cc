#include "engine/code_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace weft::engine {
namespace {

using linux::raw_syscall;
using linux::UniqueFd;
using linux::word;

constexpr char kMagic[8] = {'w', 'e', 'f', 't', 'c', 'o', 'd', '1'};

/// The file begins with this; behind it the slots of a hash table, open addressing, then records.
struct FileHeader {
  char magic[sizeof kMagic];
  uint64_t fingerprint;
  uint64_t file_size;
  uint32_t slot_count;
  uint32_t unused;
};

/// Before each record.
struct RecordHeader {
  uint64_t checksum;  ///< of place and bytes
};

/// A record is the size of a draft, at most, with its metadata.
constexpr uint32_t kLargestRecord = 1u << 20;

uint32_t slot_of(uint32_t place, uint32_t slot_count) {
  constexpr uint32_t kGolden = 0x9E3779B1;
  const uint32_t mixed = place * kGolden;
  return (mixed ^ mixed >> 15) & (slot_count - 1);
}

/// Finds accidents, not forgery: who can forge it can write the code, too.
uint64_t checksum(uint32_t place, std::span<const uint8_t> bytes) {
  constexpr uint64_t kFactor = 0x9FB21C651E98DF25;
  uint64_t sum = (place + bytes.size() * kFactor) ^ kFactor >> 7;
  const auto mix = [&sum](uint64_t value) {
    sum = (sum ^ value) * kFactor;
    sum ^= sum >> 35;
  };
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= bytes.size(); at += sizeof(uint64_t)) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    mix(value);
  }
  uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest);
  return sum;
}

/// Writes in large pieces.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) { buffer_.reserve(kPiece); }

  void add(const void* data, size_t size) {
    if (buffer_.size() + size > kPiece) flush();
    const auto* bytes = static_cast<const uint8_t*>(data);
    buffer_.insert(buffer_.end(), bytes, bytes + size);
  }
  /// 0, or a negated errno.
  int64_t finish() {
    flush();
    return error_;
  }

 private:
  static constexpr size_t kPiece = size_t{1} << 20;

  void flush() {
    for (size_t done = 0; done < buffer_.size() && error_ == 0;) {
      const int64_t wrote = raw_syscall(__NR_write, static_cast<uint64_t>(fd_),
                                        word(buffer_.data() + done), buffer_.size() - done);
      if (wrote == -EINTR) continue;
      if (wrote <= 0) {
        error_ = wrote == 0 ? -EIO : wrote;
      } else {
        done += static_cast<size_t>(wrote);
      }
    }
    buffer_.clear();
  }

  const int fd_;
  int64_t error_ = 0;
  std::vector<uint8_t> buffer_;
};

Error error_of(const std::string& name, int64_t answer) {
  return {fmt::format("{}: {}", name, std::strerror(static_cast<int>(-answer))),
          static_cast<int>(-answer)};
}

/// Whether a write beyond what the program may make its files would end it.
bool is_over_limit(uint64_t size) {
  struct rlimit limit {};
  const int64_t answer = raw_syscall(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, word(&limit));
  return linux::failed(answer) || size > limit.rlim_cur;
}

Result<UniqueFd> create(const UniqueFd& directory, const std::string& name) {
  constexpr uint64_t kMode = 0600;
  const auto at = static_cast<uint64_t>(directory.get());
  for (int tries = 0; tries < 2; ++tries) {
    const int64_t fd = raw_syscall(__NR_openat, at, word(name.c_str()),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
    if (!linux::failed(fd)) return UniqueFd(static_cast<int>(fd));
    if (fd != -EEXIST) return error_of(name, fd);
    // Of a process of the same number that did not come to its end.
    raw_syscall(__NR_unlinkat, at, word(name.c_str()), 0);
  }
  return error_of(name, -EEXIST);
}

}  // namespace

struct CodeFile::Slot {
  uint32_t key = 0;   ///< place + 1; 0: nothing
  uint32_t size = 0;  ///< of the record
  uint64_t position = 0;
};

Result<std::unique_ptr<CodeFile>> CodeFile::open(const UniqueFd& directory, const std::string& name,
                                                 uint64_t fingerprint) {
  auto found = linux::PrivateFile::open(directory, name);
  if (!found) return found.error();
  if (!found.value()) return std::unique_ptr<CodeFile>();
  std::unique_ptr<CodeFile> opened(new CodeFile(std::move(found).value()));
  const uint64_t size = opened->size();
  const Error damaged{name + " is damaged, or no file of weft's", EINVAL};
  FileHeader header;
  if (!opened->file_->read(0, &header, sizeof header)) return damaged;
  const uint64_t table_size = uint64_t{header.slot_count} * sizeof(Slot);
  const bool sound = std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 &&
                     header.fingerprint == fingerprint && header.file_size == size &&
                     std::has_single_bit(header.slot_count) && sizeof header + table_size <= size;
  if (!sound) return damaged;
  opened->slot_count_ = header.slot_count;
  return opened;
}

bool CodeFile::slot_at(uint32_t index, Slot& slot) const {
  return file_->read(sizeof(FileHeader) + uint64_t{index} * sizeof slot, &slot, sizeof slot);
}

bool CodeFile::read_record(const Slot& slot, std::vector<uint8_t>& record) const {
  RecordHeader header;
  if (slot.size > kLargestRecord || !file_->read(slot.position, &header, sizeof header))
    return false;
  record.resize(slot.size);
  return file_->read(slot.position + sizeof header, record.data(), record.size()) &&
         checksum(slot.key - 1, record) == header.checksum;
}

bool CodeFile::find(uint32_t place, std::vector<uint8_t>& record) const {
  uint32_t index = slot_of(place, slot_count_);
  for (uint32_t probes = 0; probes < slot_count_; ++probes) {
    Slot slot;
    if (!slot_at(index, slot) || slot.key == 0) return false;
    if (slot.key == place + 1) return read_record(slot, record);
    index = (index + 1) & (slot_count_ - 1);
  }
  return false;
}

void CodeFile::for_each(
    const std::function<void(uint32_t place, std::span<const uint8_t> record)>& visit) const {
  std::vector<Slot> slots;
  for (uint32_t index = 0; index < slot_count_; ++index) {
    Slot slot;
    if (!slot_at(index, slot)) return;
    if (slot.key != 0) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end(),
            [](const Slot& one, const Slot& other) { return one.position < other.position; });
  std::vector<uint8_t> record;
  for (const Slot& slot : slots) {
    if (read_record(slot, record)) visit(slot.key - 1, record);
  }
}

Status CodeFile::write(const UniqueFd& directory, const std::string& name, uint64_t fingerprint,
                       const std::vector<Entry>& entries) {
  const auto slot_count = static_cast<uint32_t>(std::bit_ceil(2 * entries.size() + 1));
  std::vector<Slot> slots(slot_count);
  uint64_t position = sizeof(FileHeader) + slots.size() * sizeof(Slot);
  for (const Entry& entry : entries) {
    uint32_t index = slot_of(entry.place, slot_count);
    while (slots[index].key != 0) index = (index + 1) & (slot_count - 1);
    slots[index] = {entry.place + 1, static_cast<uint32_t>(entry.bytes.size()), position};
    position += sizeof(RecordHeader) + entry.bytes.size();
  }
  FileHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.fingerprint = fingerprint;
  header.file_size = position;
  header.slot_count = slot_count;

  if (is_over_limit(position)) return error_of(name, -EFBIG);
  const std::string draft = fmt::format(".{}.{}", name, raw_syscall(__NR_getpid));
  const Result<UniqueFd> file = create(directory, draft);
  if (!file) return file.error();
  Output out(file.value().get());
  out.add(&header, sizeof header);
  out.add(slots.data(), slots.size() * sizeof(Slot));
  for (const Entry& entry : entries) {
    const RecordHeader before{checksum(entry.place, entry.bytes)};
    out.add(&before, sizeof before);
    out.add(entry.bytes.data(), entry.bytes.size());
  }
  const auto at = static_cast<uint64_t>(directory.get());
  int64_t answer = out.finish();
  if (answer == 0) {
    answer = raw_syscall(__NR_renameat, at, word(draft.c_str()), at, word(name.c_str()));
  }
  if (answer == 0) return Unit{};
  raw_syscall(__NR_unlinkat, at, word(draft.c_str()), 0);
  return error_of(name, answer);
}

}  // namespace weft::engine
