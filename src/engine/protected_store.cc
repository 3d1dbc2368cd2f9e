#include "engine/protected_store.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "x86/names.h"
#include "x86/operand.h"
#include "x86/rewrite.h"
#include "x86/scratch.h"

extern "C" void weft_run_store(const weft::engine::StoreRun* run);

namespace weft::engine {
namespace {

using x86::CpuContext;
using x86::Insn;

// run_store.S knows these.
static_assert(offsetof(StoreRun, code) == 8 && offsetof(StoreRun, vector_state) == 16 &&
              offsetof(StoreRun, vector_mask) == 24);
static_assert(offsetof(CpuContext, rflags) == 136);

constexpr uint64_t kWord = 8;
constexpr uint64_t kArithmeticFlags = 0x8D5;

bool is_string_store(const Insn& insn) { return x86::is_movs(insn) || x86::is_stos(insn); }

/// Whether all that the instruction does is told by its registers, its memory operand of at most 64
/// bytes, and vector registers that it only reads.
bool can_be_redirected(const Insn& insn) {
  if (insn.kind != x86::Kind::kPlain || !x86::has_memory_operand(insn)) return false;
  if (insn.segment == x86::Segment::kGs || insn.address_size_prefix) return false;
  return x86::acts_on_operand_alone(insn);
}

uint64_t segment_base(const CpuContext& registers, const Insn& insn) {
  return insn.segment == x86::Segment::kFs ? registers.fs_base : 0;
}

/// The instruction without its fs prefix, for an operand that is a plain address.
struct WithoutSegment {
  WithoutSegment(const uint8_t* from, const Insn& of) {
    x86::Assembler out(bytes);
    x86::emit_without_fs(out, from, of);
    CHECK(x86::decode(bytes.data(), out.position(), insn));
  }
  std::array<uint8_t, 15> bytes{};
  Insn insn;
};

}  // namespace

Status ProtectedStore::start(cache::CodeCache& cache) {
  std::array<uint8_t, kSlotSize> traps;
  traps.fill(0xCC);
  Result<CachePc> slot = cache.add_routine(traps, {});
  if (!slot) return slot.error();
  slot_ = *slot;
  return Unit{};
}

std::optional<AppRange> ProtectedStore::run(CpuContext& registers, AppPc fault,
                                            const void* vector_state, uint64_t vector_mask) {
  if (!memory_.is_open() || vector_state == nullptr) return {};
  const auto* bytes = reinterpret_cast<const uint8_t*>(registers.rip);
  Insn insn;
  if (!x86::decode(bytes, x86::kLongestInstruction, insn)) return {};
  const Locked held(lock_);
  vector_state_ = vector_state;
  vector_mask_ = vector_mask;
  if (is_string_store(insn)) return run_string(registers, insn);
  if (x86::is_push(insn)) return run_push(registers, bytes, insn, fault);
  if (!can_be_redirected(insn)) return {};
  return run_operand(registers, bytes, insn, fault);
}

std::optional<ProtectedStore::Window> ProtectedStore::open_window(uint64_t address, uint64_t size) {
  // As far as the program may write: what is beyond faults.
  uint64_t end = address;
  while (end < address + size) {
    const auto mapping = space_.find({end});
    if (!mapping || mapping->owner != linux::Owner::kProgram || !mapping->writable()) break;
    end = std::min(mapping->range.end.value, address + size);
  }
  if (end == address) return {};
  const uint64_t place = kMargin + address % kMargin;
  Window window{{{address}, {end}}, scratch_.data() + place, before_.data() + place};
  if (!memory_.read(window.before, address, end - address)) return {};
  std::memcpy(window.copy, window.before, end - address);
  return window;
}

std::optional<AppRange> ProtectedStore::close_window(const Window& window) {
  const uint64_t size = window.range.size();
  uint64_t first = 0;
  while (first < size && window.copy[first] == window.before[first]) ++first;
  const AppPc start = window.range.start;
  if (first == size) return AppRange{start, start};
  uint64_t last = size;
  while (window.copy[last - 1] == window.before[last - 1]) --last;
  // Whole words where there is room: they change at once for those who read them.
  const uint64_t lead = std::min((start.value + first) % kWord, first);
  const uint64_t from = first - lead;
  const uint64_t to = std::min(size, last + (kWord - (start.value + last) % kWord) % kWord);
  if (!memory_.write(start.value + from, window.copy + from, to - from)) return {};
  return AppRange{start + first, start + last};
}

bool ProtectedStore::prepare_slot(const uint8_t* bytes, const Insn& insn, x86::Reg base) {
  std::array<uint8_t, kSlotSize> buffer;
  x86::Assembler out{std::span(buffer)};
  x86::emit_with_base(out, bytes, insn, base);
  Insn redirected;
  if (out.overflowed() || !x86::decode(buffer.data(), out.position(), redirected)) return false;
  // The instruction runs on a stack of ours.
  if ((x86::registers_used(buffer.data(), redirected) >> x86::kRsp & 1) != 0) return false;
  out.ret();
  std::memcpy(slot_.bytes(), buffer.data(), out.position());
  return true;
}

bool ProtectedStore::execute(CpuContext& registers, const Window& window, x86::Reg base,
                             uint8_t filler) {
  const uint64_t size = window.range.size();
  const uint64_t beyond = size < kLongestStore ? kLongestStore - size : 0;
  std::memcpy(window.copy, window.before, size);
  std::memset(window.copy + size, filler, beyond);
  const uint64_t kept = registers[base];
  registers[base] = reinterpret_cast<uint64_t>(window.copy);
  const StoreRun run{&registers, slot_.value, vector_state_, vector_mask_};
  weft_run_store(&run);
  registers[base] = kept;
  return std::all_of(window.copy + size, window.copy + size + beyond,
                     [filler](uint8_t byte) { return byte == filler; });
}

std::optional<AppRange> ProtectedStore::run_operand(CpuContext& registers, const uint8_t* bytes,
                                                    const Insn& insn, AppPc fault) {
  const auto operand = x86::operand_address(registers, bytes, insn, {registers.rip});
  if (!operand) return {};
  const uint64_t address = *operand + segment_base(registers, insn);
  if (fault.value - address >= kLongestStore) return {};
  const auto window = open_window(address, kLongestStore);
  if (!window || !window->range.contains(fault)) return {};
  const x86::Reg base = x86::choose_short_register(x86::registers_used(bytes, insn));
  const WithoutSegment plain(bytes, insn);
  if (!prepare_slot(plain.bytes.data(), plain.insn, base)) return {};
  // A store past the end of what the program may write shows in one filling or the other.
  CpuContext before = registers;
  before.rflags &= kArithmeticFlags;
  CpuContext after = before;
  if (!execute(after, *window, base, 0x5A)) return {};
  if (window->range.size() < kLongestStore) {
    after = before;
    if (!execute(after, *window, base, 0xA5)) return {};
  }
  const auto changed = close_window(*window);
  if (!changed) return {};
  after.rip = registers.rip + insn.length;
  after.rflags = registers.rflags ^ ((registers.rflags ^ after.rflags) & kArithmeticFlags);
  registers = after;
  return changed;
}

std::optional<AppRange> ProtectedStore::run_push(CpuContext& registers, const uint8_t* bytes,
                                                 const Insn& insn, AppPc fault) {
  x86::Pushed pushed = x86::pushed_by(registers, bytes, insn);
  if (!pushed.known) {
    const auto operand = x86::operand_address(registers, bytes, insn, {registers.rip});
    uint64_t loaded = 0;
    if (!operand ||
        !memory_.read(&loaded, *operand + segment_base(registers, insn), sizeof loaded)) {
      return {};
    }
    pushed.value = loaded;
  }
  const auto window = open_window(registers[x86::kRsp] - kWord, kWord);
  if (!window || window->range.size() < kWord || !window->range.contains(fault)) return {};
  std::memcpy(window->copy, &pushed.value, kWord);
  const auto changed = close_window(*window);
  if (!changed) return {};
  registers[x86::kRsp] -= kWord;
  registers.rip += insn.length;
  return changed;
}

std::optional<AppRange> ProtectedStore::run_string(CpuContext& registers, const Insn& insn) {
  constexpr uint64_t kDirectionFlag = 0x400;
  if (insn.segment != x86::Segment::kNone || insn.address_size_prefix ||
      (registers.rflags & kDirectionFlag) != 0) {
    return {};
  }
  const uint64_t element = x86::element_size(insn);
  const bool repeated = insn.rep || insn.repne;
  const bool move = x86::is_movs(insn);
  const uint64_t to = registers[x86::kRdi];
  const uint64_t from = registers[x86::kRsi];
  uint64_t count = (page_down(to) + kPageSize - to) / element;
  count = std::min(count, repeated ? registers[x86::kRcx] : 1);
  // Bytes just written that are to be read again: one by one.
  if (move && to - from < count * element) count = 1;
  if (count == 0) return {};
  const auto window = open_window(to, count * element);
  if (!window || window->range.size() < count * element) return {};
  for (uint64_t i = 0; !move && i < count; ++i) {
    std::memcpy(window->copy + i * element, &registers.gpr[x86::kRax], element);
  }
  if (move && !memory_.read(window->copy, from, count * element)) return {};
  const auto changed = close_window(*window);
  if (!changed) return {};
  registers[x86::kRdi] += count * element;
  if (move) registers[x86::kRsi] += count * element;
  if (repeated) registers[x86::kRcx] -= count;
  if (!repeated || registers[x86::kRcx] == 0) registers.rip += insn.length;
  return changed;
}

}  // namespace weft::engine
