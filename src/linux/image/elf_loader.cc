#include "linux/image/elf_loader.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

Error system_error(const char* what, int64_t answer) {
  const int code = static_cast<int>(-answer);
  return Error{std::string(what) + ": " + std::strerror(code), code};
}

/// The translator reads what the program executes.
constexpr int readable_code(int prot) { return (prot & PROT_EXEC) != 0 ? prot | PROT_READ : prot; }

/// Holds the image's whole range, so that a segment's MAP_FIXED replaces nothing but this.
Status hold(AppRange range) {
  const int64_t got = raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return system_error("cannot map the program at its address", got);
  if (static_cast<uint64_t>(got) != range.start.value) {
    kernel::unmap(static_cast<uint64_t>(got), range.size());
    return system_error("cannot map the program at its address", -EEXIST);
  }
  return Unit{};
}

class Loader {
 public:
  Loader(const ElfImage& image, int fd, AddressSpace& space,
         std::shared_ptr<const BackingFile> file)
      : image_(image), fd_(fd), space_(space), file_(std::move(file)) {}

  Result<LoadedImage> load() {
    if (Status placed = place(); !placed) return placed.error();
    const AppRange range = shifted(image_.span);
    if (Status held = hold(range); !held) {
      space_.note_unmap(range);
      return held.error();
    }
    for (const ElfSegment& segment : image_.segments) {
      if (Status mapped = map_segment(segment); !mapped) {
        kernel::unmap(range);
        space_.note_unmap(range);
        return mapped.error();
      }
    }
    release_holes(range);
    return describe(range);
  }

 private:
  AppRange shifted(AppRange range) const { return {range.start + bias_, range.end + bias_}; }

  Status place() {
    if (!image_.position_independent) {
      if (!space_.is_free(image_.span)) {
        return Error{"cannot map the program at its address: the range is in use", EEXIST};
      }
      return Unit{};
    }
    Placement placement;
    placement.size = image_.span.size();
    placement.prot = PROT_EXEC;
    placement.file_backed = true;
    if (file_ != nullptr) placement.file_number = file_->inode;
    placement.align = image_.align;
    const auto base = space_.choose(placement);
    if (!base) return system_error("no room to map the program", -ENOMEM);
    // Modulo 2^64: an image linked above its base moves down.
    bias_ = base->value - image_.span.start.value;
    return Unit{};
  }

  Status map_segment(const ElfSegment& segment) {
    const uint64_t start = page_down(segment.vaddr) + bias_;
    const uint64_t file_end = segment.vaddr + segment.filesz + bias_;
    const uint64_t memory_end = segment.vaddr + segment.memsz + bias_;
    uint64_t anonymous = start;
    if (segment.filesz != 0) {
      anonymous = page_up(file_end);
      Status mapped = map({{start}, {anonymous}}, segment.prot, &segment);
      if (!mapped) return mapped;
      // The file's next bytes share the last page; the program expects zeros. What is not writable
      // is left as the file has it, as the kernel leaves it.
      if (segment.memsz > segment.filesz && (segment.prot & PROT_WRITE) != 0) {
        std::memset(reinterpret_cast<void*>(file_end), 0, anonymous - file_end);
      }
    }
    const uint64_t end = page_up(memory_end);
    if (end > anonymous) return map({{anonymous}, {end}}, segment.prot, nullptr);
    return Unit{};
  }

  /// Maps the file's pages for `segment`, or zeros without one.
  Status map(AppRange range, int prot, const ElfSegment* segment) {
    Mapping mapping;
    mapping.range = range;
    mapping.prot = prot;
    mapping.flags = MAP_PRIVATE;
    uint64_t fd = static_cast<uint64_t>(-1);
    if (segment != nullptr) {
      mapping.offset = page_down(segment->offset);
      mapping.file = file_;
      fd = static_cast<uint64_t>(fd_);
    } else {
      mapping.flags |= MAP_ANONYMOUS;
    }
    const int64_t got = raw_syscall(
        __NR_mmap, range.start.value, range.size(), static_cast<uint64_t>(readable_code(prot)),
        static_cast<uint64_t>(mapping.flags | MAP_FIXED), fd, mapping.offset);
    if (failed(got)) return system_error("cannot map the program", got);
    space_.note_map(mapping);
    return Unit{};
  }

  /// Between segments nothing is mapped, as natively.
  void release_holes(AppRange range) {
    uint64_t covered = range.start.value;
    while (covered < range.end.value) {
      const auto next = space_.first_overlap({{covered}, range.end}, Owner::kProgram);
      const uint64_t end = next ? next->range.start.value : range.end.value;
      if (end > covered) {
        kernel::unmap(covered, end - covered);
        space_.note_unmap({{covered}, {end}});
      }
      covered = next ? next->range.end.value : range.end.value;
    }
  }

  LoadedImage describe(AppRange range) const {
    LoadedImage loaded;
    loaded.range = range;
    loaded.bias = bias_;
    loaded.entry = image_.entry + bias_;
    loaded.phdrs = image_.phdr_address == 0 ? 0 : image_.phdr_address + bias_;
    loaded.phdr_count = image_.phdr_count;
    for (const ElfSegment& segment : image_.segments) {
      loaded.break_start = std::max(loaded.break_start, segment.vaddr + segment.memsz + bias_);
    }
    return loaded;
  }

  const ElfImage& image_;
  int fd_;
  AddressSpace& space_;
  std::shared_ptr<const BackingFile> file_;
  uint64_t bias_ = 0;
};

}  // namespace

Result<LoadedImage> load_image(const ElfImage& image, int fd, const std::string& path,
                               AddressSpace& space) {
  struct stat status;
  if (fstat(fd, &status) != 0) return system_error("cannot read the program", -errno);
  auto file = std::make_shared<BackingFile>();
  file->device = status.st_dev;
  file->inode = status.st_ino;
  file->path = path;
  Result<LoadedImage> loaded = Loader(image, fd, space, std::move(file)).load();
  if (loaded) {
    WEFT_LOG(kInfo, "maps {} to {:#x}-{:#x}, entry {:#x}", path, loaded->range.start.value,
             loaded->range.end.value, loaded->entry);
  }
  return loaded;
}

}  // namespace weft::linux
