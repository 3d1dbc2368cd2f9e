#include "common/access_recorder.h"

#include <cstring>

#include "common/report_tool.h"

namespace weft::tools {
namespace {

constexpr size_t kRecordsPerBuffer = 16384;

/// What inlined code stores.
struct [[gnu::packed]] Record {
  uint64_t value;  ///< the address; of a repeat site what its kind says
  uint32_t site;
};
static_assert(sizeof(Record) == 12);

bool repeats(const Instruction& instruction) {
  const int first = instruction.memory_operand();
  return first >= 0 && instruction.details().operands[static_cast<size_t>(first)].accesses ==
                           Operand::Accesses::kRepeated;
}

}  // namespace

void AccessRecorder::start(Process& process, Choice choice) {
  process_ = &process;
  choice_ = std::move(choice);
  const std::string error = file_.start(report_path(process, choice_.pattern), process.id());
  if (!error.empty()) process.fail(error);
  threads_ = ThreadData<ThreadState>(process);
  buffer_ = process.new_buffer(sizeof(Record), kRecordsPerBuffer, &AccessRecorder::flush, this);
}

void AccessRecorder::restart(Process& process, Thread& thread) {
  process_ = &process;
  recorded_ = 0;
  ThreadState& state = threads_.get(thread);
  state.listed.clear();
  state.listed_counts.clear();
  complain(file_.start(report_path(process, choice_.pattern), process.id()));
}

bool AccessRecorder::is_chosen(const Block& block) const {
  if (choice_.module.empty()) return true;
  const Module* module = process_->module_at(block.tag());
  return module != nullptr && module->path.find(choice_.module) != std::string::npos;
}

void AccessRecorder::add_to(Block& block) {
  if (!is_chosen(block)) return;
  for (size_t i = 0; i < block.size(); ++i) {
    if (repeats(block[i])) {
      add_repeated(block, i);
    } else {
      add_plain(block, i);
      add_listed(block, i);
    }
  }
}

void AccessRecorder::add_plain(Block& block, size_t index) {
  const Instruction& instruction = block[index];
  const auto operands = instruction.details().operands;
  for (int n = 0;; ++n) {
    const int at = instruction.memory_operand(n);
    if (at < 0) return;
    const Operand& operand = operands[static_cast<size_t>(at)];
    if (operand.implicit && !choice_.stack) continue;
    for (const bool is_store : {false, true}) {
      if (!(is_store ? operand.written : operand.read)) continue;
      const uint32_t site =
          sites_.number({instruction.pc(), operand.size, is_store, Site::Kind::kAccess});
      block.before(index).record(buffer_, {{memory_address(at), 8}, {Value(site), 4}});
    }
  }
}

// A call notes the accesses, and a record behind it says that they come there.
void AccessRecorder::add_listed(Block& block, size_t index) {
  const Instruction& instruction = block[index];
  for (int n = 0;; ++n) {
    const int at = instruction.listed_operand(n);
    if (at < 0) return;
    const uint32_t site = sites_.number({instruction.pc(), 0, false, Site::Kind::kListed});
    block.before(index).call(&AccessRecorder::note_list, this, current_thread(),
                             memory_accesses(at));
    block.before(index).record(buffer_, {{0, 8}, {Value(site), 4}});
  }
}

void AccessRecorder::note_list(AccessRecorder* recorder, Thread& thread,
                               const MemoryAccesses& accesses) {
  ThreadState& state = recorder->threads_.get(thread);
  state.listed.insert(state.listed.end(), accesses.begin(), accesses.end());
  state.listed_counts.push_back(accesses.size());
}

void AccessRecorder::add_list(ThreadState& state, const Site& site) {
  if (state.listed_counts.empty()) return;
  for (size_t left = state.listed_counts.front(); left > 0; --left) {
    const MemoryAccess& each = state.listed.front();
    if (each.read) state.encoder.add({site.pc, each.address, each.size, false});
    if (each.written) state.encoder.add({site.pc, each.address, each.size, true});
    state.listed.pop_front();
  }
  state.listed_counts.pop_front();
}

// In front: the address of each access. Behind: that of the first again, whose distance says how
// often the instruction was repeated and in which direction.
void AccessRecorder::add_repeated(Block& block, size_t index) {
  const Instruction& instruction = block[index];
  const auto operands = instruction.details().operands;
  const auto record = [&](Insertion place, int at, Site::Kind kind) {
    const Operand& operand = operands[static_cast<size_t>(at)];
    const uint32_t site = sites_.number({instruction.pc(), operand.size, operand.written, kind});
    place.record(buffer_, {{memory_address(at), 8}, {Value(site), 4}});
  };
  const int first = instruction.memory_operand();
  if (first < 0) return;
  record(block.before(index), first, Site::Kind::kRepeatBegins);
  if (const int second = instruction.memory_operand(1); second >= 0)
    record(block.before(index), second, Site::Kind::kRepeatAccess);
  record(block.after(index), first, Site::Kind::kRepeatEnds);
}

void AccessRecorder::flush(Thread& thread, const void* records, size_t bytes, void* recorder) {
  static_cast<AccessRecorder*>(recorder)->write(thread, static_cast<const char*>(records),
                                                bytes / sizeof(Record));
}

void AccessRecorder::write(Thread& thread, const char* records, size_t count) {
  ThreadState& state = threads_.get(thread);
  MemtraceEncoder& encoder = state.encoder;
  MemtraceEncoder::Cursor cursor = encoder.begin(count);
  for (size_t i = 0; i < count; ++i) {
    Record record;
    std::memcpy(&record, records + i * sizeof record, sizeof record);
    const Site& site = sites_[record.site];
    if (site.kind == Site::Kind::kAccess) [[likely]] {
      cursor.add({site.pc, record.value, site.size, site.is_store});
    } else {
      encoder.end(cursor);
      add_repeat_record(state, site, record.value);
      cursor = encoder.begin(count - i);
    }
  }
  encoder.end(cursor);
  if (encoder.count() == 0) return;
  recorded_.fetch_add(encoder.count(), std::memory_order_relaxed);
  file_.append(encoder.take(static_cast<uint64_t>(thread.id())));
}

void AccessRecorder::add_repeat_record(ThreadState& state, const Site& site, uint64_t value) {
  switch (site.kind) {
    case Site::Kind::kRepeatBegins:
      state.repeated.assign(1, {&site, value});
      break;
    case Site::Kind::kRepeatAccess:
      state.repeated.push_back({&site, value});
      break;
    case Site::Kind::kRepeatEnds:
      finish_repeat(state, value);
      break;
    case Site::Kind::kListed:
      add_list(state, site);
      break;
    case Site::Kind::kAccess:
      break;
  }
}

void AccessRecorder::finish_repeat(ThreadState& state, uint64_t end) {
  if (state.repeated.empty()) return;
  const uint64_t start = state.repeated.front().address;
  const uint64_t size = state.repeated.front().site->size;
  const bool backwards = static_cast<int64_t>(end - start) < 0;
  const uint64_t repetitions = (backwards ? start - end : end - start) / size;
  const uint64_t step = backwards ? 0 - size : size;
  for (uint64_t n = 0; n < repetitions; ++n) {
    for (const ThreadState::Access& access : state.repeated) {
      state.encoder.add(
          {access.site->pc, access.address + n * step, access.site->size, access.site->is_store});
    }
  }
  state.repeated.clear();
}

}  // namespace weft::tools
