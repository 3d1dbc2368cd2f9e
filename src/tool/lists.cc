#include "tool/lists.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/engine.h"
#include "linux/memory/low_library.h"
#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

using translate::ThreadBlock;

constexpr uint32_t kFirstSlot = offsetof(ThreadBlock, list_slots);
constexpr uint32_t kSlotSize = sizeof(uint64_t);
static_assert(Lists::kSlots == ThreadBlock::kListSlots);

ListFault::Registers registers_of(const x86::CpuContext& context) {
  ListFault::Registers registers;
  std::copy(std::begin(context.gpr), std::end(context.gpr), registers.general);
  registers.flags = context.rflags;
  registers.pc = context.rip;
  return registers;
}

void set_registers(x86::CpuContext& context, const ListFault::Registers& registers) {
  // Those that a program may change by popf.
  constexpr uint64_t kSettable = 0x244CD5;
  std::copy(std::begin(registers.general), std::end(registers.general), context.gpr);
  context.rflags = (context.rflags & ~kSettable) | (registers.flags & kSettable);
  context.rip = registers.pc;
}

}  // namespace

void ListTable::edit_blocks(ListFunction function, void* argument) {
  if (host_.starting().empty()) host_.fail("edit_blocks() is for on_start()");
  if (function_ != nullptr && tool_ != host_.starting()) {
    host_.fail(fmt::format("blocks are edited by one tool alone, and '{}' does", tool_));
  }
  tool_ = host_.starting();
  function_ = function;
  argument_ = argument;
}

void ListTable::on_fault(ListFaultFunction function, void* argument) {
  if (host_.starting().empty()) host_.fail("on_fault() is for on_start()");
  fault_function_ = function;
  fault_argument_ = argument;
}

uint32_t ListTable::new_slots(uint32_t count, uint32_t alignment) {
  const uint32_t step = std::max(alignment, kSlotSize) / kSlotSize;
  if (count == 0) return 0;
  const Locked held(lock_);
  for (uint32_t first = 0; first + count <= kSlots; first += step) {
    uint32_t free = 0;
    while (free < count && !taken_.test(first + free)) ++free;
    if (free < count) continue;
    for (uint32_t i = 0; i < count; ++i) taken_.set(first + i);
    return kFirstSlot + kSlotSize * first;
  }
  return 0;
}

void ListTable::free_slots(uint32_t offset, uint32_t count) {
  const uint32_t first = (offset - kFirstSlot) / kSlotSize;
  const Locked held(lock_);
  for (uint32_t i = 0; i < count && first + i < kSlots; ++i) taken_.reset(first + i);
}

uint64_t* ListTable::slot(Thread& thread, uint32_t offset) {
  const uint32_t index = (offset - kFirstSlot) / kSlotSize;
  if (offset < kFirstSlot || index >= kSlots) host_.fail("a slot that new_slots() did not give");
  return &static_cast<ThreadView&>(thread).thread().block().list_slots[index];
}

void* ListTable::near_memory(size_t bytes) {
  constexpr size_t kAlignment = 64;
  const size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return host_.new_words(size / sizeof(uint64_t), kAlignment / sizeof(uint64_t));
}

void* ListTable::open_library(const char* path) {
  if (host_.starting().empty()) host_.fail("open_library() is for on_start()");
  return linux::open_library_low(host_.engine().space(), path);
}

void ListTable::edit(BlockView& block, translate::BlockPlan& plan, translate::PlanUse use,
                     std::unique_ptr<translate::FragmentData>& data, Thread& thread,
                     Callees& callees) const {
  block.set_tool(tool_);
  const ListView::Builder builder{tool_, thread, callees};
  ListView list(block, plan, use, data, builder);
  if (function_(list, argument_)) list.finish();
}

void ListTable::stop_for_fault(const siginfo_t& info, const ListFault& fault) const {
  std::array<char, 256> line{};
  const auto text = fmt::format_to_n(
      line.data(), line.size(),
      "weft: tool '{}': {} in code that it inserted into block {:#x} (note {}), address {:#x}\n",
      tool_, name_of_fault(info.si_signo), fault.tag, fault.note,
      reinterpret_cast<uint64_t>(info.si_addr));
  static_cast<void>(!write(STDERR_FILENO, line.data(), std::min(text.size, line.size())));
  _exit(kStatusToolFailed);
}

engine::ListAnswer ListTable::fault(Thread& thread, const siginfo_t& info,
                                    const engine::ListItem& item, x86::CpuContext& machine,
                                    x86::CpuContext& program) const {
  ListFault fault{thread, info};
  fault.tag = item.tag.value;
  fault.translation = item.translated ? program.rip : 0;
  fault.inserted = item.inserted;
  fault.note = item.note;
  fault.data = item.data;
  fault.machine = registers_of(machine);
  fault.program = registers_of(program);
  auto answer = ListFault::Answer::kProgram;
  if (fault_function_ != nullptr) answer = fault_function_(fault, fault_argument_);
  switch (answer) {
    case ListFault::Answer::kResume:
      set_registers(machine, fault.machine);
      return engine::ListAnswer::kResume;
    case ListFault::Answer::kRedirect:
      set_registers(program, fault.program);
      return engine::ListAnswer::kRedirect;
    case ListFault::Answer::kProgram:
      break;
  }
  if (!item.translated) stop_for_fault(info, fault);
  set_registers(program, fault.program);
  return engine::ListAnswer::kProgram;
}

}  // namespace weft::tool
