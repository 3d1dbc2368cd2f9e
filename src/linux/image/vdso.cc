#include "linux/image/vdso.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "x86/assembler.h"

namespace weft::linux {
namespace {

struct Part {
  AppRange range;
  int prot;
  Label label;
};

/// The same as find_parts() where the process before this one has told.
std::vector<Part> told_parts(uint64_t header) {
  const std::vector<uint64_t>& sizes = Surroundings::instance().told().vdso_parts;
  std::vector<Part> parts;
  if (sizes.size() < 2) return parts;
  uint64_t at = header - std::accumulate(sizes.begin(), sizes.end() - 1, uint64_t{0});
  for (const uint64_t size : sizes) {
    parts.push_back({{{at}, {at + size}}, PROT_READ, Label::kVvar});
    at += size;
  }
  parts.back().prot |= PROT_EXEC;
  parts.back().label = Label::kVdso;
  return parts;
}

/// [vvar], [vvar_vclock] and [vdso], one behind the other, the vdso last; empty if not so.
std::vector<Part> find_parts(uint64_t header) {
  if (std::vector<Part> told = told_parts(header); !told.empty()) return told;
  std::vector<Part> parts;
  std::FILE* maps = Surroundings::instance().open_proc_stream("/proc/self/maps");
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
  std::vector<uint64_t> sizes;
  sizes.reserve(parts.size());
  for (const Part& part : parts) sizes.push_back(part.range.size());
  Surroundings::instance().note_vdso_parts(std::move(sizes));
  return parts;
}

/// A function of the vdso, and the system call that does the same; -1: none that we know.
struct Function {
  uint64_t offset;
  int32_t number;
};

int32_t system_call_named(std::string_view name) {
  constexpr std::string_view kPrefix = "__vdso_";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  constexpr struct {
    std::string_view name;
    int32_t number;
  } kCalls[] = {{"clock_gettime", __NR_clock_gettime},
                {"clock_getres", __NR_clock_getres},
                {"gettimeofday", __NR_gettimeofday},
                {"time", __NR_time},
                {"getcpu", __NR_getcpu}};
  for (const auto& call : kCalls) {
    if (call.name == name) return call.number;
  }
  return -1;
}

/// The vdso's ELF image in a buffer: its offsets are its addresses.
class Image {
 public:
  explicit Image(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// In the order of their offsets; empty if the image is not as expected.
  std::vector<Function> functions() const {
    std::vector<Function> found;
    const Tables tables = find_tables();
    for (uint64_t i = 0; i < tables.count; ++i) {
      Elf64_Sym symbol;
      if (!load(tables.symbols + i * sizeof symbol, symbol)) return {};
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      // Room for a jump, which must not reach into another function.
      if (symbol.st_size < 5 || symbol.st_value > bytes_.size() - 5) return {};
      found.push_back(
          {symbol.st_value, system_call_named(name_at(tables.strings + symbol.st_name))});
    }
    // Several names stand for one function; each says the same of it.
    const auto before = [](const Function& a, const Function& b) { return a.offset < b.offset; };
    const auto same = [](const Function& a, const Function& b) { return a.offset == b.offset; };
    std::sort(found.begin(), found.end(), before);
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
    return found;
  }

 private:
  struct Tables {
    uint64_t symbols = 0;
    uint64_t strings = 0;
    uint64_t count = 0;
  };

  template <typename T>
  bool load(uint64_t offset, T& out) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof out) return false;
    std::memcpy(&out, bytes_.data() + offset, sizeof out);
    return true;
  }

  std::string_view name_at(uint64_t offset) const {
    if (offset >= bytes_.size()) return {};
    const char* start = reinterpret_cast<const char*>(bytes_.data() + offset);
    return {start, strnlen(start, bytes_.size() - offset)};
  }

  Tables find_tables() const {
    Tables tables;
    Elf64_Ehdr header;
    if (!load(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return tables;
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
        if (entry.d_tag == DT_STRTAB) tables.strings = entry.d_un.d_ptr;
        if (entry.d_tag == DT_HASH) hash = entry.d_un.d_ptr;
      }
    }
    uint32_t chains = 0;
    if (hash != 0 && load(hash + 4, chains)) {
      tables.count = chains;
    } else if (tables.symbols != 0 && tables.strings > tables.symbols) {
      // Linkers put the strings right behind the symbols.
      tables.count = (tables.strings - tables.symbols) / sizeof(Elf64_Sym);
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

constexpr size_t kStubSize = 8;
constexpr size_t kJumpSize = 5;

/// What our own libc finds at the old place: the image, each function a jump to a stub in the page
/// below that makes the system call. Not to the moved one: the program may unmap that, or forbid
/// itself what it needs (the time stamp counter).
void leave_copy(const std::vector<uint8_t>& image, const std::vector<Function>& functions,
                uint64_t place) {
  const uint64_t stubs_size = page_up(functions.size() * kStubSize);
  const uint64_t stubs = place - stubs_size;
  const uint64_t size = stubs_size + image.size();
  const int64_t got =
      raw_syscall(__NR_mmap, stubs, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, static_cast<uint64_t>(-1), 0);
  CHECK(static_cast<uint64_t>(got) == stubs);
  auto* copy = reinterpret_cast<uint8_t*>(place);
  std::memcpy(copy, image.data(), image.size());
  uint64_t cursor = stubs;
  for (const Function& function : functions) {
    // mov eax, number; syscall; ret. One without a system call answers ENOSYS, as -1 does.
    x86::Assembler stub({reinterpret_cast<uint8_t*>(cursor), kStubSize});
    stub.mov_reg_imm(x86::kRax, static_cast<uint32_t>(function.number));
    stub.syscall();
    stub.ret();
    const auto relative =
        static_cast<int32_t>(static_cast<int64_t>(cursor - (place + function.offset + kJumpSize)));
    x86::Assembler jump({copy + function.offset, kJumpSize});
    std::memcpy(copy + function.offset + jump.jmp_rel32(), &relative, sizeof relative);
    cursor += kStubSize;
  }
  CHECK(!failed(raw_syscall(__NR_mprotect, stubs, size, PROT_READ | PROT_EXEC)));
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
  const std::vector<Function> functions = Image(image).functions();
  // The stubs of the copy take the place of the data pages.
  const bool fits = !functions.empty() && functions.size() * kStubSize <= code.start - whole.start;

  Placement placement;
  placement.size = whole.size();
  placement.prot = PROT_READ | PROT_EXEC;
  const auto place = fits ? space.choose(placement) : std::nullopt;
  if (place) {
    const uint64_t delta = place->value - whole.start.value;
    if (move_parts(parts, delta)) {
      leave_copy(image, functions, code.start.value);
      note(parts, delta, space);
      return {header + delta, true};
    }
    space.note_unmap({*place, *place + whole.size()});
  }
  note(parts, 0, space);
  return {header, false};
}

}  // namespace weft::linux
