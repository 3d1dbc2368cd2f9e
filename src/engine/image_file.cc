#include "engine/image_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

// Its functions, inlined, and no library.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cache/image_state.h"
#include "linux/kernel/private_file.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/signal_safe_copy.h"
#include "linux/memory/image_memory.h"
#include "linux/memory/layout.h"

namespace weft::engine {

using cache::StateReader;
using cache::StateWriter;
using linux::raw_syscall;
using linux::UniqueFd;
using linux::word;

namespace {

constexpr std::array<char, 8> kMagic{'w', 'e', 'f', 't', 'i', 'm', 'g', '3'};
constexpr uint64_t kLargestPrefix = 64u << 20;

struct Header {
  std::array<char, 8> magic;
  uint64_t fingerprint;
  uint64_t file_size;
  uint64_t prefix_size;
  uint64_t words_offset;
  uint64_t fragments;
  uint64_t checksum;  ///< of the prefix, with 0 here
};

uint64_t checksum_of(std::span<const uint8_t> prefix) {
  return XXH3_64bits(prefix.data(), prefix.size());
}

/// Whoever writes to the file changes its time of modification, whose nanoseconds say what is in
/// it: this detects a change without the file's being read. (It is no proof against forgery, nor is
/// anything else in a file of the user's own.)
int64_t seal_of(uint64_t checksum) {
  constexpr uint64_t kNanoseconds = 1'000'000'000;
  return static_cast<int64_t>(checksum % kNanoseconds);
}

Error damaged(const std::string& name) {
  return Error{name + " was changed since it was written, or is no file of weft's", EINVAL};
}

void put_module(StateWriter& out, const ImageModule& module) {
  out.put(module.code);
  out.put(uint8_t{module.is_program});
  out.put_all(module.pages);
  out.put_all(module.conditions);
  out.put_all(module.late_slots);
  out.put_all(module.filled);
}

bool get_module(StateReader& in, ImageModule& module) {
  module.code = in.get<AppRange>();
  module.is_program = in.get<uint8_t>() != 0;
  module.pages = in.get_all<ImageModule::Page>();
  module.conditions = in.get_all<ImageModule::Condition>();
  module.late_slots = in.get_all<AppPc>();
  module.filled = in.get_all<uint64_t>();
  const AppRange code = module.code;
  return !code.empty() && code.start.value % kPageSize == 0 && code.end.value % kPageSize == 0 &&
         code.end.value <= linux::kUserEnd && module.pages.size() <= code.size() / kPageSize &&
         module.filled.size() == module.filled_words();
}

/// Writes bytes to their places in a file; what is never written reads as zeros.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void put(uint64_t offset, std::span<const uint8_t> bytes) {
    if (error_ == 0) error_ = linux::write_at(fd_, offset, bytes);
  }
  /// The same for memory of which much was never used.
  void put_memory(uint64_t offset, AppRange memory) {
    constexpr uint64_t kPiece = 64u << 10;
    for (uint64_t done = 0; done < memory.size(); done += kPiece) {
      const std::span bytes(memory.start.bytes() + done, std::min(kPiece, memory.size() - done));
      const auto is_zero = [](uint8_t byte) { return byte == 0; };
      if (!std::all_of(bytes.begin(), bytes.end(), is_zero)) put(offset + done, bytes);
    }
  }
  /// 0, or a negated errno.
  int64_t error() const { return error_; }

 private:
  const int fd_;
  int64_t error_ = 0;
};

void put_words(Output& out, uint64_t offset, const ImageModule& module,
               const ImageFile::Memory& memory) {
  constexpr size_t kMost = 64;  // pages at a time
  std::vector<uint64_t> run;
  constexpr size_t kPageWords = kPageSize / sizeof(uint64_t);
  for (size_t page = 0; page < module.shadow_pages();) {
    if (!module.is_filled(page)) {
      ++page;
      continue;
    }
    const size_t first = page;
    run.clear();
    while (page < module.shadow_pages() && page - first < kMost && module.is_filled(page)) {
      run.resize(run.size() + kPageWords);
      memory.words(module, page, std::span<uint64_t>(run).last(kPageWords));
      ++page;
    }
    out.put(offset + first * kPageSize,
            {reinterpret_cast<const uint8_t*>(run.data()), run.size() * sizeof(uint64_t)});
  }
}

/// A file whose header fits what is there.
struct Opened {
  UniqueFd fd;
  Header header{};
};

Result<Opened> open_file(const UniqueFd& directory, const std::string& name,
                         std::optional<uint64_t> fingerprint) {
  struct stat status {};
  Result<UniqueFd> file = linux::open_private_file(directory, name, status);
  if (!file) return file.error();
  Opened opened{std::move(file).value()};
  if (!opened.fd.valid()) return opened;
  const auto size = static_cast<uint64_t>(status.st_size);
  Header& header = opened.header;
  const std::span header_bytes(reinterpret_cast<uint8_t*>(&header), sizeof header);
  if (!linux::read_at(opened.fd.get(), 0, header_bytes)) return damaged(name);
  const bool sound = header.magic == kMagic &&
                     header.fingerprint == fingerprint.value_or(header.fingerprint) &&
                     header.file_size == size && header.prefix_size >= sizeof header &&
                     header.prefix_size <= std::min(size, kLargestPrefix) &&
                     status.st_mtim.tv_nsec == seal_of(header.checksum);
  if (!sound) return damaged(name);
  return opened;
}

uint64_t size_of_words(const std::vector<ImageModule>& modules) {
  uint64_t size = 0;
  for (const ImageModule& module : modules) size += module.shadow_pages() * kPageSize;
  return size;
}

}  // namespace

Result<std::unique_ptr<ImageFile>> ImageFile::open(const UniqueFd& directory,
                                                   const std::string& name, uint64_t fingerprint) {
  Result<std::unique_ptr<ImageFile>> opened = read(directory, name, fingerprint);
  if (!opened || !opened.value()) return opened;
  // For those who look for what was used least recently.
  const std::array<timespec, 2> now{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
  const auto fd = static_cast<uint64_t>(opened.value()->file_.get());
  raw_syscall(__NR_utimensat, fd, 0, word(now.data()), 0);
  return opened;
}

std::string ImageFile::program_of(const UniqueFd& directory, const std::string& name) {
  const Result<std::unique_ptr<ImageFile>> file = read(directory, name, std::nullopt);
  return file && file.value() ? file.value()->contents_.program : std::string();
}

std::optional<ImageFile::Summary> ImageFile::summary_of(const UniqueFd& directory,
                                                        const std::string& name,
                                                        uint64_t fingerprint) {
  const Result<Opened> file = open_file(directory, name, fingerprint);
  if (!file || !file.value().fd.valid()) return std::nullopt;
  return Summary{file.value().header.checksum, file.value().header.fragments};
}

Result<std::unique_ptr<ImageFile>> ImageFile::read(const UniqueFd& directory,
                                                   const std::string& name,
                                                   std::optional<uint64_t> fingerprint) {
  Result<Opened> file = open_file(directory, name, fingerprint);
  if (!file) return file.error();
  if (!file.value().fd.valid()) return std::unique_ptr<ImageFile>();
  Header header = file.value().header;
  std::unique_ptr<ImageFile> opened(
      new ImageFile(std::move(file.value().fd), header.file_size, header.checksum));
  std::vector<uint8_t> prefix(header.prefix_size);
  if (!linux::read_at(opened->file_.get(), 0, prefix)) return damaged(name);
  header.checksum = 0;
  std::memcpy(prefix.data(), &header, sizeof header);
  if (checksum_of(prefix) != opened->checksum_) return damaged(name);
  opened->memory_offset_ = page_up(header.prefix_size);
  opened->words_offset_ = header.words_offset;
  opened->contents_.fragments = header.fragments;
  const std::span<const uint8_t> all(prefix);
  StateReader in(all.subspan(sizeof header));
  if (!opened->parse(in)) return damaged(name);
  return opened;
}

bool ImageFile::parse(StateReader& in) {
  contents_.pairs_returns = in.get<uint8_t>() != 0;
  const std::vector<char> program = in.get_all<char>();
  contents_.program.assign(program.begin(), program.end());
  contents_.state = in.get_all<uint8_t>();
  contents_.tools = in.get_all<uint8_t>();
  const auto modules = in.get<uint64_t>();
  for (uint64_t i = 0; i < modules; ++i) {
    ImageModule module;
    if (!get_module(in, module)) return false;
    contents_.modules.push_back(std::move(module));
  }
  return in.is_exact() && words_offset_ <= size_ &&
         size_of_words(contents_.modules) == size_ - words_offset_;
}

bool ImageFile::map(std::span<const AppRange> memory) {
  uint64_t size = 0;
  for (const AppRange range : memory) size += range.size();
  if (memory_offset_ + size != words_offset_) return false;
  uint64_t offset = memory_offset_;
  for (const AppRange range : memory) {
    if (!range.empty() && !linux::map_code_from(file_.get(), offset, range)) return false;
    offset += range.size();
  }
  return true;
}

bool ImageFile::map_words() {
  const uint64_t size = size_ - words_offset_;
  if (size == 0) return true;
  uint64_t at = linux::map_words_from(file_.get(), words_offset_, size);
  if (at == 0) return false;
  for (ImageModule& module : contents_.modules) {
    module.words = at;
    at += module.shadow_pages() * kPageSize;
  }
  return true;
}

Status ImageFile::write(const UniqueFd& directory, const std::string& name, uint64_t fingerprint,
                        const ImageContents& contents, const Memory& memory) {
  StateWriter out;
  out.put(Header{});
  out.put(uint8_t{contents.pairs_returns});
  out.put_all(contents.program);
  out.put_all(contents.state);
  out.put_all(contents.tools);
  out.put(uint64_t{contents.modules.size()});
  for (const ImageModule& module : contents.modules) put_module(out, module);
  std::vector<uint8_t> prefix = out.take();
  Header header{kMagic, fingerprint, 0, prefix.size(), page_up(prefix.size()), contents.fragments,
                0};
  for (const AppRange range : memory.ranges) header.words_offset += range.size();
  header.file_size = header.words_offset + size_of_words(contents.modules);
  std::memcpy(prefix.data(), &header, sizeof header);
  header.checksum = checksum_of(prefix);
  std::memcpy(prefix.data(), &header, sizeof header);

  Result<linux::DraftFile> draft = linux::DraftFile::create(directory, name, header.file_size);
  if (!draft) return draft.error();
  Output file(draft.value().fd());
  file.put(0, prefix);
  uint64_t offset = page_up(prefix.size());
  for (const AppRange range : memory.ranges) {
    file.put_memory(offset, range);
    offset += range.size();
  }
  for (const ImageModule& module : contents.modules) {
    put_words(file, offset, module, memory);
    offset += module.shadow_pages() * kPageSize;
  }
  if (file.error() != 0) return linux::error_of(name, file.error());
  return draft.value().keep(seal_of(header.checksum));
}

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::optional<uint64_t> hash_of_page(AppPc page) {
  std::array<uint8_t, kPageSize> bytes;
  if (!linux::safe_copy(bytes.data(), page.bytes(), bytes.size())) return std::nullopt;
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace weft::engine
