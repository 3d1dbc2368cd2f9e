// One way to edit lists a mode, each of which leaves what programs do as it is but for `bytes`,
// `skip` and `redirect`, which are for counted_loop.S. Prints what came of it.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "weft/tool.h"

namespace {

using weft::Address;
using weft::InstructionKind;
using weft::InstructionList;
using weft::ListArgument;
using weft::ListCode;
using weft::ListLabel;
using weft::Register;

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kGs = 0x65;

/// opcode reg, gs:[offset], with 64 bits.
Bytes gs_access(uint8_t opcode, Register reg, uint32_t offset) {
  const auto number = static_cast<uint8_t>(reg);
  Bytes code{kGs, static_cast<uint8_t>(0x48 | (number >> 3) << 2), opcode,
             static_cast<uint8_t>(0x04 | (number & 7) << 3), 0x25};
  for (int i = 0; i < 4; ++i) code.push_back(static_cast<uint8_t>(offset >> 8 * i));
  return code;
}
Bytes save(Register reg, uint32_t offset) { return gs_access(0x89, reg, offset); }
Bytes load(Register reg, uint32_t offset) { return gs_access(0x8B, reg, offset); }

class Edits final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_text("mode", "keep", "see the tests");
    options.add_flag("quiet", false, "report what went wrong alone");
  }

  void on_start(weft::Process& process, const weft::Options& options) override {
    mode_ = options.text("mode");
    quiet_ = options.flag("quiet");
    error_stream_ = process.error_stream();
    weft::Lists& lists = process.lists();
    slots_ = lists.new_slots(4);
    if (!gives_slots(lists)) wrong.fetch_add(1);
    if (mode_ == "versions") {
      selector_ = process.new_thread_counter();
      versions_ = process.new_versions(selector_, {.values = {0, 1}});
    }
    count_ = static_cast<uint64_t*>(lists.near_memory(sizeof *count_));
    lists.edit_blocks(&edit_block, this);
    lists.on_fault(&on_fault, this);
    lists_ = &lists;
  }

  void on_exit(weft::Process&, int status) override {
    if (quiet_ && wrong == 0) return;
    dprintf(error_stream_,
            "edits: status=%d count=%lu far=%lu calls=%lu sum=%lu wrong=%lu faults=%lu\n", status,
            *count_, far_count, calls.load(), sum.load(), wrong.load(), faults.load());
  }

 private:
  static bool edit_block(InstructionList& list, void* tool) {
    return static_cast<Edits*>(tool)->edit(list);
  }

  static bool gives_slots(weft::Lists& lists) {
    constexpr uint32_t kLine = 64;
    const uint32_t line = lists.new_slots(8, kLine);
    bool right = line != 0 && line % kLine == 0;
    right &= lists.new_slots(weft::Lists::kSlots) == 0;
    lists.free_slots(line, 8);
    return right && lists.new_slots(8, kLine) == line;
  }

  bool edit(InstructionList& list) {
    if (list.size() == 0 || list.thread().id() == 0) wrong.fetch_add(1);
    if (mode_ == "none") return false;
    if (mode_ == "count") return count(list);
    if (mode_ == "plain") return count_plainly(list);
    if (mode_ == "far") return count_far(list);
    if (mode_ == "loop") return loop(list);
    if (mode_ == "calls") return clean_calls(list);
    if (mode_ == "raw") return raw_calls(list);
    if (mode_ == "spill") return spill(list);
    if (mode_ == "copies") return copies(list);
    if (mode_ == "again") return again(list);
    if (mode_ == "strings") return strings(list);
    if (mode_ == "middle") return middle(list);
    if (mode_ == "versions") return switched(list);
    if (mode_ == "keep") return keep_all(list);
    const bool is_loop = list.size() == 3 && list[2].kind() == InstructionKind::kConditionalJump;
    return is_loop && edit_loop(list);
  }

  bool edit_loop(InstructionList& list) {
    if (mode_ == "replace") {
      list.application({.bytes = Bytes{0x48, 0x83, 0xC0, 0x02}, .translation = list.tag()});
      list.keep(list[1].pc());
      call(list, &note_value, {{.kind = ListArgument::Kind::kRegister, .reg = Register::kRax}});
      list.keep(list[2].pc());
      return true;
    }
    if (mode_ == "remove") {
      list.keep(list[1].pc());
      call(list, &note_value, {{.kind = ListArgument::Kind::kRegister, .reg = Register::kRax}});
      list.keep(list[2].pc());
      return true;
    }
    if (mode_ == "move") {  // dec before add: the sum is that of 999 to 0
      list.keep(list[1].pc());
      list.insert({.bytes = Bytes{0x0F, 0x94, 0xC2}});  // setz dl
      list.keep(list[0].pc());
      call(list, &note_value, {{.kind = ListArgument::Kind::kRegister, .reg = Register::kRax}});
      list.insert({.bytes = Bytes{0x80, 0xFA, 0x01}});  // cmp dl, 1
      list.keep(list[2].pc());
      return true;
    }
    if (mode_ == "redirect" || mode_ == "change") {
      const auto function = mode_ == "change" ? &end_soon : &redirect;
      call(list, function, {{.kind = ListArgument::Kind::kContext}, constant(list.range().end)});
      return keep_all(list);
    }
    if (mode_ == "runtime") {
      const ListLabel back = list.new_label();
      list.load_address(Register::kRdx, back);
      list.insert({.bytes = Bytes{0x48, 0x8D, 0x3D, 0, 0, 0, 0},
                   .target = reinterpret_cast<uint64_t>(&calls)});
      list.insert({.bytes = Bytes{0xE9, 0, 0, 0, 0},
                   .target = reinterpret_cast<uint64_t>(&increment_and_jump)});
      list.insert({.bytes = Bytes{0x0F, 0x0B}});
      list.place(back);
      return keep_all(list);
    }
    if (mode_ == "resume" || mode_ == "leave" || mode_ == "crash") {
      list.insert({.bytes = Bytes{0x8A, 0x14, 0x25, 8, 0, 0, 0}, .note = 3});  // mov dl, [8]
      return keep_all(list);
    }
    return edit_wrongly(list);
  }

  bool edit_wrongly(InstructionList& list) {
    if (mode_ == "unplaced") {
      list.insert({.bytes = Bytes{0xEB, 0}, .label = list.new_label()});
    } else if (mode_ == "stranger") {
      list.keep(list.range().end);
    } else if (mode_ == "nowhere") {
      list.insert({.bytes = Bytes{0xE9, 0, 0, 0, 0}});
    } else if (mode_ == "bytes") {
      list.insert({.bytes = Bytes{0x06, 0x90}});
    } else if (mode_ == "syscall") {
      list.application({.bytes = Bytes{0x0F, 0x05}, .translation = list.tag()});
    } else {
      return false;
    }
    return keep_all(list);
  }

  static void call(InstructionList& list, void (*function)(uint64_t, uint64_t),
                   const std::vector<ListArgument>& arguments) {
    list.call({.function = reinterpret_cast<void (*)()>(function), .arguments = arguments});
  }
  static void note_value(uint64_t value, uint64_t) {
    calls.fetch_add(1);
    sum = value;
  }
  static void redirect(uint64_t context, uint64_t to) {
    if (calls.fetch_add(1) == 9) reinterpret_cast<weft::CallContext*>(context)->redirect(to);
  }
  /// The loop's count is 1 from the tenth time on.
  static void end_soon(uint64_t context, uint64_t) {
    auto* machine = reinterpret_cast<weft::CallContext*>(context);
    if (calls.fetch_add(1) == 9) machine->set(Register::kRcx, 1);
    sum = machine->get(Register::kRax);
  }
  __attribute__((naked)) static void increment_and_jump() {
    asm volatile("lock incq (%rdi)\n jmp *%rdx");
  }

  static bool keep_all(InstructionList& list) {
    for (size_t i = 0; i < list.size(); ++i) list.keep(list[i].pc());
    return true;
  }

  /// lahf; seto al, with rax in a slot; and back.
  void save_flags(InstructionList& list) {
    list.insert({.bytes = save(Register::kRax, slots_)});
    list.insert({.bytes = Bytes{0x9F}});
    list.insert({.bytes = Bytes{0x0F, 0x90, 0xC0}});
  }
  void restore_flags(InstructionList& list) {
    list.insert({.bytes = Bytes{0x04, 0x7F}});
    list.insert({.bytes = Bytes{0x9E}});
    list.insert({.bytes = load(Register::kRax, slots_)});
  }

  bool count(InstructionList& list) {
    save_flags(list);
    // lock add qword [count], size: as many threads as there are.
    Bytes add{0xF0, 0x48, 0x81, 0x05, 0, 0, 0, 0, 0, 0, 0, 0};
    const auto size = static_cast<uint32_t>(list.size());
    std::memcpy(add.data() + 8, &size, sizeof size);
    list.insert({.bytes = add, .target = reinterpret_cast<uint64_t>(count_)});
    restore_flags(list);
    return keep_all(list);
  }

  /// The cheapest way for one thread: add to memory where the flags are dead, else lea in a
  /// register that is in a slot meanwhile.
  bool count_plainly(InstructionList& list) {
    const auto size = static_cast<uint32_t>(list.size());
    const auto cell = reinterpret_cast<uint64_t>(count_);
    if (flags_dead(list)) {
      Bytes add{0x48, 0x81, 0x05, 0, 0, 0, 0, 0, 0, 0, 0};
      std::memcpy(add.data() + 7, &size, sizeof size);
      list.insert({.bytes = add, .target = cell});
      return keep_all(list);
    }
    Bytes lea{0x48, 0x8D, 0x89, 0, 0, 0, 0};
    std::memcpy(lea.data() + 3, &size, sizeof size);
    list.insert({.bytes = save(Register::kRcx, slots_)});
    list.insert({.bytes = Bytes{0x48, 0x8B, 0x0D, 0, 0, 0, 0}, .target = cell});
    list.insert({.bytes = lea});
    list.insert({.bytes = Bytes{0x48, 0x89, 0x0D, 0, 0, 0, 0}, .target = cell});
    list.insert({.bytes = load(Register::kRcx, slots_)});
    return keep_all(list);
  }
  /// Whether the first instruction that has to do with flags overwrites them all.
  static bool flags_dead(const InstructionList& list) {
    for (size_t i = 0; i < list.size() && list[i].kind() == InstructionKind::kPlain; ++i) {
      const weft::InstructionDetails& details = list[i].details();
      if (details.flags_read != 0) return false;
      if (details.flags_written == 0) continue;
      for (const char* const sure : {"add", "sub", "cmp", "test", "and", "or", "xor"}) {
        if (details.mnemonic == sure) return true;
      }
      return false;
    }
    return false;
  }

  /// By a word of the tool's own, which code memory does not reach.
  bool count_far(InstructionList& list) {
    save_flags(list);
    list.insert({.bytes = Bytes{0xF0, 0x48, 0xFF, 0x05, 0, 0, 0, 0},
                 .target = reinterpret_cast<uint64_t>(&far_count)});
    restore_flags(list);
    return keep_all(list);
  }

  /// A loop of ten rounds in front of each block: mov ecx, 10; inc qword gs:[1]; loop.
  bool loop(InstructionList& list) {
    const ListLabel top = list.new_label();
    save_flags(list);
    list.insert({.bytes = save(Register::kRcx, slots_ + 8)});
    list.insert({.bytes = Bytes{0xB9, 10, 0, 0, 0}});
    list.place(top);
    list.insert({.bytes = Bytes{0xF0, 0x48, 0xFF, 0x05, 0, 0, 0, 0},
                 .target = reinterpret_cast<uint64_t>(count_)});
    list.insert({.bytes = Bytes{0xE2, 0}, .label = top});
    list.insert({.bytes = load(Register::kRcx, slots_ + 8)});
    restore_flags(list);
    return keep_all(list);
  }

  static ListArgument constant(uint64_t number) {
    return {.kind = ListArgument::Kind::kConstant, .number = number};
  }

  /// Many arguments in front of the last instruction.
  bool clean_calls(InstructionList& list) {
    const size_t last = list.size() - 1;
    for (size_t i = 0; i < last; ++i) list.keep(list[i].pc());
    list.insert({.bytes = save(Register::kRbx, slots_ + 16)});
    std::vector<ListArgument> arguments(10);
    for (uint64_t i = 0; i < 8; ++i) arguments[i] = constant(i);
    arguments[8] = {.kind = ListArgument::Kind::kRegister, .size = 4, .reg = Register::kRbx};
    arguments[9] = {
        .kind = ListArgument::Kind::kMemory,
        .size = 4,
        .memory = {.segment = weft::ListMemory::Segment::kSlots, .displacement = slots_ + 16}};
    list.call({.function = reinterpret_cast<void (*)()>(&check_many), .arguments = arguments});
    list.keep(list[last].pc());
    return true;
  }

  static void check_many(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                         uint64_t g, uint64_t h, uint64_t reg, uint64_t slot) {
    calls.fetch_add(1);
    const bool right =
        a == 0 && b == 1 && c == 2 && d == 3 && e == 4 && f == 5 && g == 6 && h == 7 && reg == slot;
    if (!right) wrong.fetch_add(1);
  }

  /// On the program's stack, below its red zone: what a call may change is saved around it.
  bool raw_calls(InstructionList& list) {
    save_flags(list);
    list.insert({.bytes = save(Register::kRax, slots_ + 8)});
    list.insert({.bytes = save(Register::kRdi, slots_ + 16)});
    list.insert({.bytes = Bytes{0x48, 0x8D, 0xA4, 0x24, 0x00, 0xFF, 0xFF, 0xFF}});  // lea rsp, -256
    list.insert({.bytes = Bytes{0x48, 0x8D, 0x3D, 0, 0, 0, 0},                      // lea rdi
                 .target = reinterpret_cast<uint64_t>(&calls)});
    list.insert(
        {.bytes = Bytes{0xE8, 0, 0, 0, 0}, .target = reinterpret_cast<uint64_t>(&increment)});
    list.insert({.bytes = Bytes{0x48, 0x8D, 0xA4, 0x24, 0x00, 0x01, 0x00, 0x00}});
    list.insert({.bytes = load(Register::kRdi, slots_ + 16)});
    list.insert({.bytes = load(Register::kRax, slots_ + 8)});
    restore_flags(list);
    return keep_all(list);
  }

  __attribute__((naked)) static void increment() { asm volatile("lock incq (%rdi)\n ret"); }

  /// rbx is in a slot wherever an instruction of the block neither reads nor writes it and does not
  /// end the block; a fault there has it put back.
  bool spill(InstructionList& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      const weft::Instruction& each = list[i];
      const uint16_t used = each.details().registers_read | each.details().registers_written;
      const bool free = (used >> static_cast<int>(Register::kRbx) & 1) == 0 &&
                        each.kind() == InstructionKind::kPlain;
      if (free) {
        list.insert({.bytes = save(Register::kRbx, slots_ + 8), .note = 1});
        list.insert({.bytes = Bytes{0x48, 0xC7, 0xC3, 1, 2, 3, 4}, .note = 2});  // mov rbx, ...
      }
      list.keep(each.pc(), free ? 2 : 0);
      if (free) list.insert({.bytes = load(Register::kRbx, slots_ + 8), .note = 2});
    }
    return true;
  }

  /// The block twice, as a tool that chooses lays it out; the thread's parity says which one runs.
  bool copies(InstructionList& list) {
    const ListLabel other = list.new_label();
    list.insert({.bytes = save(Register::kRcx, slots_ + 8)});
    list.insert({.bytes = load(Register::kRcx, slots_ + 24)});
    list.insert({.bytes = Bytes{0xE3, 0}, .label = other});
    // xor: the other copy the next time, by lea, which leaves the flags.
    list.insert({.bytes = Bytes{0x48, 0x8D, 0x49, 0xFF}});
    list.insert({.bytes = save(Register::kRcx, slots_ + 24)});
    list.insert({.bytes = load(Register::kRcx, slots_ + 8)});
    keep_all(list);
    if (list[list.size() - 1].kind() == InstructionKind::kPlain ||
        list[list.size() - 1].kind() == InstructionKind::kConditionalJump) {
      const Bytes jump{0xE9, 0, 0, 0, 0};
      list.application({.bytes = jump, .target = list.range().end, .translation = list.tag()});
    }
    list.place(other);
    list.insert({.bytes = Bytes{0x48, 0x8D, 0x49, 0x01}});
    list.insert({.bytes = save(Register::kRcx, slots_ + 24)});
    list.insert({.bytes = load(Register::kRcx, slots_ + 8)});
    return keep_all(list);
  }

  /// Each version sees that it is the one of the thread's word, and has the next block be another.
  bool switched(InstructionList& list) {
    const weft::Case version = list.choose(versions_);
    const ListArgument number =
        constant(version.is_default ? 2 : static_cast<uint64_t>(version.value));
    const ListArgument thread{.kind = ListArgument::Kind::kThread};
    const std::vector<ListArgument> arguments{thread, number,
                                              constant(reinterpret_cast<uint64_t>(this))};
    list.call({.function = reinterpret_cast<void (*)()>(&check_version), .arguments = arguments});
    return keep_all(list);
  }
  static void check_version(weft::Thread* thread, uint64_t version, Edits* tool) {
    const uint64_t chosen = thread->get(tool->selector_);
    if (chosen != version) wrong.fetch_add(1);
    thread->set(tool->selector_, (chosen + 1) % 3);
    calls.fetch_add(1);
  }

  /// Every instruction as if the tool had thought of it.
  bool again(InstructionList& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      const weft::Instruction& each = list[i];
      const auto kind = each.kind();
      const bool can = kind != InstructionKind::kSystemCall && kind != InstructionKind::kOther &&
                       each.bytes()[0] != 0x65;
      if (!can) {
        list.keep(each.pc());
        continue;
      }
      uint64_t target = each.target();
      for (const weft::Operand& operand : each.details().operands) {
        const bool fixed = operand.kind == weft::Operand::Kind::kMemory &&
                           operand.base == Register::kNone && operand.index == Register::kNone;
        if (fixed && target == 0) target = static_cast<uint64_t>(operand.displacement);
      }
      list.application({.bytes = each.bytes(), .target = target, .translation = each.pc()});
    }
    return true;
  }

  /// rep movs and rep stos, with 64-bit counts, as loops of single ones.
  bool strings(InstructionList& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      const weft::Instruction& each = list[i];
      const auto bytes = each.bytes();
      const uint8_t op = bytes.back();
      const bool string = bytes[0] == 0xF3 && bytes.size() <= 3 &&
                          (op == 0xA4 || op == 0xA5 || op == 0xAA || op == 0xAB);
      if (!string) {
        list.keep(each.pc());
        continue;
      }
      const ListLabel done = list.new_label();
      list.insert({.bytes = Bytes{0xE3, 0}, .label = done});
      list.application({.bytes = bytes.subspan(1), .translation = each.pc()});
      list.call({.function = reinterpret_cast<void (*)()>(&note_call), .translation = each.pc()});
      // The block begins anew at the instruction: what is left of it is for that one.
      list.application({.bytes = Bytes{0x48, 0x8D, 0x49, 0xFF}, .translation = each.pc()});
      list.application(
          {.bytes = Bytes{0xE9, 0, 0, 0, 0}, .target = each.pc(), .translation = each.pc()});
      list.place(done);
    }
    return true;
  }
  static void note_call() { calls.fetch_add(1); }

  /// In front of each instruction but the first, every 64th time, the program leaves the block for
  /// that instruction's own.
  bool middle(InstructionList& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      const weft::Instruction& each = list[i];
      if (i != 0) {
        const ListLabel on = list.new_label();
        list.insert({.bytes = save(Register::kRcx, slots_ + 8)});
        list.insert({.bytes = load(Register::kRcx, slots_ + 24)});
        list.insert({.bytes = Bytes{0x48, 0x8D, 0x49, 0x01}});
        list.insert({.bytes = save(Register::kRcx, slots_ + 24)});
        list.insert({.bytes = Bytes{0x0F, 0xB6, 0xC9}});  // movzx ecx, cl
        list.insert({.bytes = Bytes{0x8D, 0x49, 0xC0}});  // lea ecx, [rcx - 64]
        const ListLabel leave = list.new_label();
        list.insert({.bytes = Bytes{0xE3, 0}, .label = leave});
        list.insert({.bytes = load(Register::kRcx, slots_ + 8)});
        list.insert({.bytes = Bytes{0xEB, 0}, .label = on});
        list.place(leave);
        list.insert({.bytes = load(Register::kRcx, slots_ + 8)});
        list.application(
            {.bytes = Bytes{0xE9, 0, 0, 0, 0}, .target = each.pc(), .translation = each.pc()});
        list.place(on);
      }
      list.keep(each.pc());
    }
    return true;
  }

  static weft::ListFault::Answer on_fault(weft::ListFault& fault, void* tool) {
    const auto* self = static_cast<Edits*>(tool);
    faults.fetch_add(1);
    if (fault.note == 3) {
      const bool right = fault.inserted && fault.translation == 0 && fault.info.si_addr != nullptr;
      if (!right) wrong.fetch_add(1);
      constexpr uint64_t kLength = 7;
      fault.machine.pc += kLength;
      constexpr auto kRcx = static_cast<size_t>(Register::kRcx);
      fault.program.general[kRcx] = 1;  // the block runs anew, of which the last round
      if (self->mode_ == "resume") return weft::ListFault::Answer::kResume;
      if (self->mode_ == "leave") {
        fault.program.pc = fault.tag + 3;  // behind the first instruction
        return weft::ListFault::Answer::kRedirect;
      }
    }
    if (fault.note == 2) {
      constexpr auto kRbx = static_cast<size_t>(Register::kRbx);
      if (fault.machine.general[kRbx] != 0x04030201) wrong.fetch_add(1);
      fault.program.general[kRbx] = *self->lists_->slot(fault.thread, self->slots_ + 8);
    }
    return weft::ListFault::Answer::kProgram;
  }

  static inline std::atomic<uint64_t> calls{0};
  static inline std::atomic<uint64_t> sum{0};
  static inline std::atomic<uint64_t> wrong{0};
  static inline std::atomic<uint64_t> faults{0};
  static inline uint64_t far_count = 0;

  std::string mode_;
  bool quiet_ = false;
  int error_stream_ = 2;
  weft::Lists* lists_ = nullptr;
  weft::ThreadCounter selector_;
  weft::Versions versions_;
  uint32_t slots_ = 0;
  uint64_t* count_ = nullptr;
};

}  // namespace

WEFT_TOOL(Edits);
