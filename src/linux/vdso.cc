#include "linux/vdso.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

struct Part {
  AppRange range;
  int prot;
  Label label;
};

/// [vvar], [vvar_vclock] and [vdso], one behind the other, the vdso last; empty if not so.
std::vector<Part> find_parts(uint64_t header) {
  std::vector<Part> parts;
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return parts;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    AppRange range;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64, &range.start.value, &range.end.value) != 2) {
      continue;
    }
    const std::string_view text(line);
    if (text.find("[vvar") != std::string_view::npos) {
      parts.push_back({range, PROT_READ, Label::kVvar});
    } else if (text.find("[vdso]") != std::string_view::npos) {
      parts.push_back({range, PROT_READ | PROT_EXEC, Label::kVdso});
    }
  }
  std::fclose(maps);
  bool sound = parts.size() >= 2 && parts.back().range.start.value == header;
  for (size_t i = 0; sound && i + 1 < parts.size(); ++i) {
    sound = parts[i].label == Label::kVvar && parts[i].range.end == parts[i + 1].range.start;
  }
  if (!sound) parts.clear();
  return parts;
}

/// The vdso's ELF image in a buffer: its offsets are its addresses.
class Image {
 public:
  explicit Image(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// Where its functions start; empty if the image is not as expected.
  std::vector<uint64_t> functions() const {
    std::vector<uint64_t> found;
    const Tables tables = find_tables();
    for (uint64_t i = 0; i < tables.count; ++i) {
      Elf64_Sym symbol;
      if (!load(tables.symbols + i * sizeof symbol, symbol)) return {};
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      // Room for a jump, which must not reach into another function.
      if (symbol.st_size < 5 || symbol.st_value > bytes_.size() - 5) return {};
      found.push_back(symbol.st_value);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

 private:
  struct Tables {
    uint64_t symbols = 0;
    uint64_t count = 0;
  };

  template <typename T>
  bool load(uint64_t offset, T& out) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof out) return false;
    std::memcpy(&out, bytes_.data() + offset, sizeof out);
    return true;
  }

  Tables find_tables() const {
    Tables tables;
    Elf64_Ehdr header;
    if (!load(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return tables;
    uint64_t strings = 0;
    uint64_t hash = 0;
    for (uint64_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment;
      if (!load(header.e_phoff + i * sizeof segment, segment)) return tables;
      if (segment.p_type == PT_LOAD && segment.p_vaddr != segment.p_offset) return tables;
      if (segment.p_type != PT_DYNAMIC) continue;
      Elf64_Dyn entry;
      for (uint64_t at = segment.p_offset; load(at, entry) && entry.d_tag != DT_NULL;
           at += sizeof entry) {
        if (entry.d_tag == DT_SYMTAB) tables.symbols = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;
        if (entry.d_tag == DT_HASH) hash = entry.d_un.d_ptr;
      }
    }
    uint32_t chains = 0;
    if (hash != 0 && load(hash + 4, chains)) {
      tables.count = chains;
    } else if (tables.symbols != 0 && strings > tables.symbols) {
      // Linkers put the strings right behind the symbols.
      tables.count = (strings - tables.symbols) / sizeof(Elf64_Sym);
    }
    return tables;
  }

  std::span<const uint8_t> bytes_;
};

bool move(AppRange from, uint64_t to) {
  return !failed(raw_syscall(__NR_mremap, from.start.value, from.size(), from.size(),
                             MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

/// Moves every part by the same distance, or none.
bool move_parts(const std::vector<Part>& parts, uint64_t delta) {
  size_t moved = 0;
  while (moved < parts.size() && move(parts[moved].range, parts[moved].range.start.value + delta)) {
    ++moved;
  }
  if (moved == parts.size()) return true;
  while (moved-- > 0) {
    const AppRange old = parts[moved].range;
    CHECK(move({old.start + delta, old.end + delta}, old.start.value));
  }
  return false;
}

/// What our own libc finds at the old place: the image, each function a jump through a page of
/// addresses below it to the moved one.
void leave_copy(const std::vector<uint8_t>& image, const std::vector<uint64_t>& functions,
                uint64_t place, uint64_t delta) {
  constexpr size_t kJump = 14;  // jmp [rip+0], then the address
  const uint64_t jumps_size = page_up(functions.size() * kJump);
  const uint64_t jumps = place - jumps_size;
  const uint64_t size = jumps_size + image.size();
  const int64_t got =
      raw_syscall(__NR_mmap, jumps, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, static_cast<uint64_t>(-1), 0);
  CHECK(static_cast<uint64_t>(got) == jumps);
  auto* copy = reinterpret_cast<uint8_t*>(place);
  std::memcpy(copy, image.data(), image.size());
  uint64_t cursor = jumps;
  for (const uint64_t function : functions) {
    auto* jump = reinterpret_cast<uint8_t*>(cursor);
    const uint64_t target = place + delta + function;
    const uint8_t indirect[6] = {0xff, 0x25, 0, 0, 0, 0};
    std::memcpy(jump, indirect, sizeof indirect);
    std::memcpy(jump + sizeof indirect, &target, sizeof target);
    const auto relative =
        static_cast<int32_t>(static_cast<int64_t>(cursor - (place + function + 5)));
    copy[function] = 0xe9;
    std::memcpy(copy + function + 1, &relative, sizeof relative);
    cursor += kJump;
  }
  CHECK(!failed(raw_syscall(__NR_mprotect, jumps, size, PROT_READ | PROT_EXEC)));
}

void note(const std::vector<Part>& parts, uint64_t delta, AddressSpace& space) {
  for (const Part& part : parts) {
    Mapping mapping;
    mapping.range = {part.range.start + delta, part.range.end + delta};
    mapping.prot = part.prot;
    mapping.flags = MAP_PRIVATE;
    mapping.label = part.label;
    space.note_map(mapping);
  }
}

}  // namespace

VdsoPlace move_vdso(uint64_t header, AddressSpace& space) {
  if (header == 0) return {};
  const std::vector<Part> parts = find_parts(header);
  if (parts.empty()) return {header, false};
  const AppRange whole{parts.front().range.start, parts.back().range.end};
  const AppRange code = parts.back().range;
  const std::vector<uint8_t> image(code.start.bytes(), code.end.bytes());
  const std::vector<uint64_t> functions = Image(image).functions();
  // The jumps of the copy take the place of the data pages.
  const bool fits = !functions.empty() && functions.size() * 14 <= code.start - whole.start;

  Placement placement;
  placement.size = whole.size();
  placement.prot = PROT_READ | PROT_EXEC;
  const auto place = fits ? space.choose(placement) : std::nullopt;
  if (place) {
    const uint64_t delta = place->value - whole.start.value;
    if (move_parts(parts, delta)) {
      leave_copy(image, functions, code.start.value, delta);
      note(parts, delta, space);
      return {header + delta, true};
    }
    space.note_unmap({*place, *place + whole.size()});
  }
  note(parts, 0, space);
  return {header, false};
}

}  // namespace weft::linux
