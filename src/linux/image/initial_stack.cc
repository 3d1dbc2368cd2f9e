#include "linux/image/initial_stack.h"

#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "linux/kernel/raw_syscall.h"
#include "linux/memory/kernel_map.h"

namespace weft::linux {
namespace {

constexpr size_t kRandomBytes = 16;
constexpr uint64_t kArgumentsAlwaysAllowed = 128u << 10;
/// Not in the headers of every libc.
constexpr uint64_t kAtRseqFeatureSize = 27;
constexpr uint64_t kAtRseqAlign = 28;

size_t string_bytes(std::span<const char* const> strings) {
  size_t bytes = 0;
  for (const char* each : strings) bytes += std::strlen(each) + 1;
  return bytes;
}

/// Whether the program's strings are, one behind the other, strings that the kernel put on the
/// stack.
bool in_place(const KernelStack& kernel, const StackContents& contents) {
  const char* next = nullptr;
  const auto follows = [&](const char* each) {
    if (next != nullptr && each != next) return false;
    next = each + std::strlen(each) + 1;
    return true;
  };
  if (contents.argv.empty() || word(contents.argv.front()) < kernel.bottom) return false;
  if (std::find(kernel.argv.begin(), kernel.argv.end(), contents.argv.front()) ==
      kernel.argv.end()) {
    return false;
  }
  return std::all_of(contents.argv.begin(), contents.argv.end(), follows) &&
         std::all_of(contents.envp.begin(), contents.envp.end(), follows);
}

/// Lays things out from a fixed top downward; nothing is written before the whole is known to fit.
class Writer {
 public:
  explicit Writer(uint64_t top) : cursor_(top) {}

  uint64_t place(size_t bytes) { return cursor_ -= bytes; }
  void align(uint64_t to) { cursor_ &= ~(to - 1); }
  uint64_t cursor() const { return cursor_; }

 private:
  uint64_t cursor_;
};

uint64_t copy_strings(std::span<const char* const> from, uint64_t to, std::vector<uint64_t>& out) {
  for (const char* each : from) {
    const size_t bytes = std::strlen(each) + 1;
    std::memcpy(reinterpret_cast<void*>(to), each, bytes);
    out.push_back(to);
    to += bytes;
  }
  return to;
}

/// The kernel's own entries in their order, with the program's values.
std::vector<Elf64_auxv_t> make_auxv(const KernelStack& kernel, const StackContents& contents,
                                    uint64_t execfn, uint64_t random) {
  std::vector<Elf64_auxv_t> auxv;
  for (Elf64_auxv_t entry : kernel.auxv) {
    uint64_t& value = entry.a_un.a_val;
    switch (entry.a_type) {
      case AT_SYSINFO_EHDR:
        if (contents.vdso == 0) continue;
        value = contents.vdso;
        break;
      case AT_PHDR:
        value = contents.program->phdrs;
        break;
      case AT_PHNUM:
        value = contents.program->phdr_count;
        break;
      case AT_BASE:
        value = contents.interpreter == nullptr ? 0 : contents.interpreter->bias;
        break;
      case AT_ENTRY:
        value = contents.program->entry;
        break;
      case AT_EXECFN:
        value = execfn;
        break;
      case AT_RANDOM:
        value = random;
        break;
      case kAtRseqFeatureSize:
      case kAtRseqAlign:
        continue;  // rseq is refused, as by a kernel that does not have it
      default:
        break;
    }
    auxv.push_back(entry);
  }
  return auxv;
}

/// The lowest address to which the main stack may grow, by the limit in force.
uint64_t stack_floor(uint64_t top) {
  constexpr uint64_t kMost = uint64_t{1} << 30;
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return top - (8u << 20);
  return page_down(top - std::min<uint64_t>(limit.rlim_cur, kMost));
}

}  // namespace

KernelStack KernelStack::from_argv(char** argv) {
  KernelStack stack;
  stack.bottom = word(argv) - 8;
  size_t argc = 0;
  while (argv[argc] != nullptr) ++argc;
  CHECK(*reinterpret_cast<const uint64_t*>(stack.bottom) == argc);
  char** envp = argv + argc + 1;
  size_t count = 0;
  while (envp[count] != nullptr) ++count;
  auto* auxv = reinterpret_cast<Elf64_auxv_t*>(envp + count + 1);
  size_t entries = 1;
  while (auxv[entries - 1].a_type != AT_NULL) ++entries;
  stack.argv = {argv, argc};
  stack.envp = {envp, count};
  stack.auxv = {auxv, entries};
  return stack;
}

Result<InitialStack> build_initial_stack(const KernelStack& kernel, const StackContents& contents) {
  CHECK(contents.program != nullptr);
  const bool reuse = in_place(kernel, contents);
  const size_t arg_bytes = reuse ? 0 : string_bytes(contents.argv);
  const size_t env_bytes = reuse ? 0 : string_bytes(contents.envp);

  Writer out(kernel.bottom);
  const uint64_t execfn = out.place(std::strlen(contents.execfn) + 1);
  const uint64_t strings = out.place(arg_bytes + env_bytes);
  out.align(16);
  const uint64_t random = out.place(kRandomBytes);
  const std::vector<Elf64_auxv_t> auxv = make_auxv(kernel, contents, execfn, random);
  const size_t words = 1 + contents.argv.size() + 1 + contents.envp.size() + 1;
  out.place(words * 8 + auxv.size() * sizeof(Elf64_auxv_t));
  out.align(16);
  // The kernel's rule: three quarters of the stack are left to the program.
  const uint64_t limit = (kernel.bottom - stack_floor(kernel.bottom)) / 4;
  if (kernel.bottom - out.cursor() > std::max(limit, kArgumentsAlwaysAllowed)) {
    return Error{"argument list too long", E2BIG};
  }

  InitialStack result;
  result.stack_pointer = out.cursor();
  result.auxv = auxv;
  std::vector<uint64_t> block = {contents.argv.size()};
  block.reserve(words);
  if (reuse) {
    for (const char* each : contents.argv) block.push_back(word(each));
    block.push_back(0);
    for (const char* each : contents.envp) block.push_back(word(each));
    const auto end_of = [](const char* last) { return word(last) + std::strlen(last) + 1; };
    result.arg_start = word(contents.argv.front());
    result.arg_end = result.env_start = result.env_end = end_of(contents.argv.back());
    if (!contents.envp.empty()) result.env_end = end_of(contents.envp.back());
  } else {
    result.arg_start = strings;
    result.arg_end = result.env_start = copy_strings(contents.argv, strings, block);
    block.push_back(0);
    result.env_end = copy_strings(contents.envp, result.env_start, block);
  }
  block.push_back(0);
  std::memcpy(reinterpret_cast<void*>(execfn), contents.execfn, std::strlen(contents.execfn) + 1);
  raw_syscall(__NR_getrandom, random, kRandomBytes, 0);
  auto* to = reinterpret_cast<uint8_t*>(result.stack_pointer);
  std::memcpy(to, block.data(), block.size() * 8);
  std::memcpy(to + block.size() * 8, auxv.data(), auxv.size() * sizeof(Elf64_auxv_t));
  return result;
}

void detach_host_environment() {
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  // One allocation each, kept for the life of the process, like the strings that they stand for.
  char** copy = new char*[count + 1];
  for (size_t i = 0; i < count; ++i) copy[i] = strdup(environ[i]);
  copy[count] = nullptr;
  environ = copy;
}

namespace {

/// Where weft's own code and data lie, as the kernel notes it of the program that it starts.
void describe_weft(prctl_mm_map& map) {
  map.start_code = map.start_data = ~uint64_t{0};
  const std::span headers(reinterpret_cast<const Elf64_Phdr*>(getauxval(AT_PHDR)),
                          getauxval(AT_PHNUM));
  uint64_t bias = 0;
  for (const Elf64_Phdr& each : headers) {
    if (each.p_type == PT_PHDR) bias = word(headers.data()) - each.p_vaddr;
  }
  for (const Elf64_Phdr& each : headers) {
    if (each.p_type != PT_LOAD) continue;
    const AppRange bytes{{bias + each.p_vaddr}, {bias + each.p_vaddr + each.p_filesz}};
    const bool code = (each.p_flags & PF_X) != 0;
    auto& start = code ? map.start_code : map.start_data;
    auto& end = code ? map.end_code : map.end_data;
    start = std::min<uint64_t>(start, bytes.start.value);
    end = std::max<uint64_t>(end, bytes.end.value);
  }
}

/// The end of the main stack: the kernel puts the name of what it executes ahead of the last word.
/// Nothing if it did otherwise, or if the stack may be so small that its start matters, too.
std::optional<AppRange> stack_by_name(const KernelStack& kernel) {
  const auto named = std::find_if(kernel.auxv.begin(), kernel.auxv.end(),
                                  [](const auto& each) { return each.a_type == AT_EXECFN; });
  if (named == kernel.auxv.end()) return std::nullopt;
  const auto* const name = reinterpret_cast<const char*>(named->a_un.a_val);
  if (word(name) < kernel.bottom) return std::nullopt;
  const uint64_t end = word(name) + std::strlen(name) + 1 + sizeof(uint64_t);
  constexpr uint64_t kAmple = 1u << 20;
  if (end % kPageSize != 0 || end - stack_floor(end) < kAmple) return std::nullopt;
  return AppRange{{page_down(kernel.bottom)}, {end}};
}

}  // namespace

Status note_main_stack(const KernelStack& kernel, bool executable, AddressSpace& space) {
  auto actual = stack_by_name(kernel);
  if (!actual) actual = kernel_mapping(kernel.bottom);
  if (!actual) return Error{"/proc/self/maps does not show the stack: is /proc mounted?", ENOENT};
  Mapping mapping;
  mapping.range = *actual;
  mapping.range.start = {std::min(actual->start.value, stack_floor(actual->end.value))};
  mapping.prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  const uint64_t lowest = page_down(kernel.bottom);
  if (executable) {
    raw_syscall(__NR_mprotect, lowest, mapping.range.end.value - lowest,
                static_cast<uint64_t>(mapping.prot | PROT_GROWSDOWN));
  }
  mapping.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN;
  mapping.label = Label::kStack;
  space.note_map(mapping);
  return Unit{};
}

bool show_process_as(const InitialStack& stack, const char* name) {
  raw_syscall(__NR_prctl, PR_SET_NAME, word(name));
  // What is ours stays as it is; the break is that of our own libc.
  struct prctl_mm_map map = {};
  describe_weft(map);
  map.start_stack = stack.stack_pointer;
  map.brk = static_cast<uint64_t>(raw_syscall(__NR_brk, 0));
  // Below it the break cannot go, and libc does not expect to give back what it has by now.
  map.start_brk = map.brk;
  map.arg_start = stack.arg_start;
  map.arg_end = stack.arg_end;
  map.env_start = stack.env_start;
  map.env_end = stack.env_end;
  std::vector<Elf64_auxv_t> auxv = stack.auxv;
  map.auxv = reinterpret_cast<decltype(map.auxv)>(auxv.data());
  map.auxv_size = static_cast<uint32_t>(auxv.size() * sizeof(Elf64_auxv_t));
  map.exe_fd = static_cast<uint32_t>(-1);
  return !failed(raw_syscall(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, word(&map), sizeof map, 0));
}

}  // namespace weft::linux
