#include "core/block_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "core/clean_call.h"
#include "core/list_operand.h"
#include "core/register_homes.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// Direct branches and rip-relative operands are encoded as if they stood beside what they name.
constexpr uint64_t kBeside = 0x40;

Address number(const void* pointer) { return reinterpret_cast<Address>(pointer); }
byte* pointer(Address address) { return reinterpret_cast<byte*>(address); }

bool in_block(const InstructionList& block, Address pc, const Instruction** found = nullptr) {
  if (!block.range().contains(pc)) return false;
  for (size_t i = 0; i < block.size(); ++i) {
    if (block[i].pc() != pc) continue;
    if (found != nullptr) *found = &block[i];
    return true;
  }
  return false;
}

/// Absolute addresses that an instruction cannot hold are named by rip, too.
bool get_absolute_target(instr_t* instruction, app_pc* named) {
  const int sources = instr_num_srcs(instruction);
  for (int i = 0; i < sources + instr_num_dsts(instruction); ++i) {
    const opnd_t each = i < sources ? instr_get_src(instruction, static_cast<uint>(i))
                                    : instr_get_dst(instruction, static_cast<uint>(i - sources));
    if (!opnd_is_abs_addr(each) || opnd_is_far_memory_reference(each)) continue;
    const auto address = reinterpret_cast<int64_t>(opnd_get_addr(each));
    if (address == static_cast<int32_t>(address)) continue;
    *named = static_cast<app_pc>(opnd_get_addr(each));
    return true;
  }
  return false;
}

/// Whether it is the program's own instruction, as it is.
bool is_kept(instr_t* instruction, const InstructionList& block) {
  if (!instr_is_app(instruction) || !instr_raw_bits_valid(instruction)) return false;
  const Address pc = number(instr_get_app_pc(instruction));
  return number(instr_get_raw_bits(instruction)) == pc && in_block(block, pc);
}

class Layout {
 public:
  Layout(void* drcontext, instrlist_t* list, InstructionList& block)
      : drcontext_(drcontext), list_(list), block_(block) {}

  void run() {
    find_targets();
    for (instr_t* each = instrlist_first(list_); each != nullptr; each = instr_get_next(each)) {
      const auto target = labels_.find(each);
      if (target != labels_.end()) block_.place(target->second);
      homes_.pass(each);
      add(each);
    }
    if (instrlist_get_fall_through_target(list_) != nullptr) {
      block_.set_fall_through(number(instrlist_get_fall_through_target(list_)));
    } else if (const Address next = behind_last(); next != 0) {
      block_.set_fall_through(next);
    }
    std::shared_ptr<void> data = homes_.take();
    Room& room = Room::get();
    if (!room.events().deleted.empty()) data = room.lives().begin(block_.tag(), data);
    if (data.use_count() != 0) block_.set_data(std::move(data));
  }

 private:
  /// Every instruction that another one names.
  void find_targets() {
    for (instr_t* each = instrlist_first(list_); each != nullptr; each = instr_get_next(each)) {
      if (instr_is_label(each)) {
        if (const CallRecord* call = call_at(each)) find_targets(*call);
        continue;
      }
      if (is_kept(each, block_)) continue;
      for (int i = 0; i < instr_num_srcs(each); ++i) {
        const opnd_t source = instr_get_src(each, static_cast<uint>(i));
        if (opnd_is_instr(source)) find_target(opnd_get_instr(source));
      }
    }
  }
  void find_targets(const CallRecord& call) {
    for (const opnd_t& each : call.arguments) {
      if (opnd_is_instr(each)) find_target(opnd_get_instr(each));
    }
  }
  void find_target(instr_t* named) {
    if (!labels_.contains(named)) labels_.emplace(named, block_.new_label());
  }

  void add(instr_t* instruction) {
    if (instr_is_label(instruction)) {
      if (const CallRecord* call = call_at(instruction)) add_call(*call);
      return;
    }
    if (is_kept(instruction, block_) && !falls_elsewhere(instruction)) {
      last_pc_ = number(instr_get_app_pc(instruction));
      block_.keep(last_pc_, homes_.note());
      return;
    }
    if (add_load_of_address(instruction)) return;
    std::array<byte, 2 * MAX_INSTR_LENGTH> room{};
    ListCode code;
    code.bytes = encode(instruction, room, code);
    code.note = homes_.note();
    const Address translation = number(instr_get_translation(instruction));
    // A jump within the list is nothing that the program would know.
    const bool stays = code.label.is_label();
    if (instr_is_app(instruction) && !stays) {
      code.translation = translation != 0 ? translation : last_pc_ != 0 ? last_pc_ : block_.tag();
      if (instr_is_call(instruction) && instrlist_get_return_target(list_) != nullptr) {
        code.return_to = number(instrlist_get_return_target(list_));
      }
      last_pc_ = code.translation;
      block_.application(code);
    } else {
      if (instr_is_meta_may_fault(instruction)) code.translation = translation;
      block_.insert(code);
    }
  }

  /// A conditional jump that goes on otherwhere than in the program where it does not jump.
  bool falls_elsewhere(instr_t* instruction) const {
    return instr_is_cbr(instruction) && instrlist_get_fall_through_target(list_) != nullptr;
  }

  void add_call(const CallRecord& call) {
    const auto arguments = arguments_of(with_addresses(call));
    if (!arguments) fail_for(call);
    ListCall item;
    item.function = reinterpret_cast<void (*)()>(call.function);
    item.arguments = *arguments;
    item.translation = next_pc_of_call();
    block_.call(item);
  }

  /// The call with addresses of instructions put into slots in front of it.
  CallRecord with_addresses(const CallRecord& call) {
    CallRecord result{call.function, call.arguments, call.takes_flags};
    uint32_t used = 0;
    for (opnd_t& each : result.arguments) {
      if (!opnd_is_instr(each)) continue;
      if (++used == Slots::kPlaces) fail_for(call);
      const opnd_t saved = place(0);
      insert(INSTR_CREATE_mov_st(drcontext_, saved, opnd_create_reg(DR_REG_XAX)));
      block_.load_address(Register::kRax, labels_.at(opnd_get_instr(each)));
      insert(INSTR_CREATE_mov_st(drcontext_, place(used), opnd_create_reg(DR_REG_XAX)));
      insert(INSTR_CREATE_mov_ld(drcontext_, opnd_create_reg(DR_REG_XAX), saved));
      each = place(used);
    }
    return result;
  }

  opnd_t place(uint32_t number) const {
    return dr_raw_tls_opnd(drcontext_, DR_SEG_GS, Room::get().slots().place(number));
  }

  void insert(instr_t* instruction) {
    std::array<byte, 2 * MAX_INSTR_LENGTH> room{};
    ListCode code;
    code.bytes = encode(instruction, room, code);
    block_.insert(code);
    instr_destroy(drcontext_, instruction);
  }

  /// The address behind the program's last instruction that is left, 0 if there is none.
  Address behind_last() const {
    instr_t* const last = instrlist_last_app(list_);
    const Instruction* original = nullptr;
    if (last == nullptr) return 0;
    if (!in_block(block_, number(instr_get_translation(last)), &original)) return 0;
    return original->next();
  }

  /// The program address that a call stands in front of.
  Address next_pc_of_call() const { return last_pc_ != 0 ? pc_behind(last_pc_) : block_.tag(); }

  Address pc_behind(Address pc) const {
    const Instruction* found = nullptr;
    if (!in_block(block_, pc, &found)) return pc;
    return in_block(block_, found->next()) ? found->next() : pc;
  }

  /// mov reg, <address of another instruction>
  bool add_load_of_address(instr_t* instruction) {
    const int opcode = instr_get_opcode(instruction);
    if (opcode != OP_mov_imm && opcode != OP_mov_ld && opcode != OP_mov_st) return false;
    const opnd_t source = instr_get_src(instruction, 0);
    if (!opnd_is_instr(source)) return false;
    const opnd_t to = instr_get_dst(instruction, 0);
    if (!opnd_is_reg(to) || !is_general(opnd_get_reg(to))) return false;
    block_.load_address(register_of(opnd_get_reg(to)), labels_.at(opnd_get_instr(source)));
    return true;
  }

  std::span<const uint8_t> encode(instr_t* instruction,
                                  std::array<byte, 2 * MAX_INSTR_LENGTH>& room, ListCode& code) {
    app_pc named = nullptr;
    instr_t* copy = nullptr;
    const bool direct = instr_is_cti(instruction) && !instr_is_mbr(instruction);
    if (direct) {
      const opnd_t target = instr_get_target(instruction);
      if (opnd_is_instr(target)) {
        code.label = labels_.at(opnd_get_instr(target));
        named = pointer(block_.tag());
        copy = instr_clone(drcontext_, instruction);
        instr_set_target(copy, opnd_create_pc(named));
      } else if (opnd_is_pc(target)) {
        named = opnd_get_pc(target);
        code.target = number(named);
      }
    } else if (instr_get_rel_addr_target(instruction, &named) ||
               get_absolute_target(instruction, &named)) {
      code.target = number(named);
    }
    byte* const place = named == nullptr ? pointer(block_.tag()) : named - kBeside;
    byte* const end =
        instr_encode_to_copy(drcontext_, copy == nullptr ? instruction : copy, room.data(), place);
    if (copy != nullptr) instr_destroy(drcontext_, copy);
    if (end == nullptr) fail("an instruction cannot be encoded", instruction);
    return {room.data(), end};
  }

  /// Names the argument that cannot be passed.
  [[noreturn]] void fail_for(const CallRecord& call) {
    std::array<char, 200> text{};
    const auto wrong = std::find_if(call.arguments.begin(), call.arguments.end(),
                                    [](opnd_t each) { return !argument_of(each); });
    if (wrong != call.arguments.end()) {
      opnd_disassemble_to_buffer(drcontext_, *wrong, text.data(), text.size());
    }
    Room::get().process().fail(
        fmt::format("block {:#x}: an argument of a clean call cannot be passed: {} of {}",
                    block_.tag(), text.data(), call.arguments.size()));
    __builtin_unreachable();
  }

  [[noreturn]] void fail(std::string_view what, instr_t* instruction) {
    std::array<char, 200> text{};
    if (instruction != nullptr) {
      instr_disassemble_to_buffer(drcontext_, instruction, text.data(), text.size());
    }
    Room::get().process().fail(fmt::format("block {:#x}: {}: {}", block_.tag(), what, text.data()));
    __builtin_unreachable();
  }

  void* drcontext_;
  instrlist_t* list_;
  InstructionList& block_;
  std::unordered_map<instr_t*, ListLabel> labels_;
  RegisterHomes homes_;
  Address last_pc_ = 0;  ///< of the program's instruction that was laid out last
};

}  // namespace

instrlist_t* program_list(void* drcontext, const InstructionList& block) {
  instrlist_t* const list = instrlist_create(drcontext);
  for (size_t i = 0; i < block.size(); ++i) {
    instr_t* const instruction = instr_create(drcontext);
    // Where it is: its raw bits then tell that it is the program's own.
    decode(drcontext, pointer(block[i].pc()), instruction);
    instr_set_translation(instruction, pointer(block[i].pc()));
    instrlist_append(list, instruction);
  }
  return list;
}

bool is_unchanged(instrlist_t* list, const InstructionList& block) {
  size_t i = 0;
  if (instrlist_get_fall_through_target(list) != nullptr) return false;
  for (instr_t* each = instrlist_first(list); each != nullptr; each = instr_get_next(each)) {
    if (instr_is_label(each) && call_at(each) == nullptr) continue;
    if (i == block.size() || !is_kept(each, block)) return false;
    if (number(instr_get_app_pc(each)) != block[i].pc()) return false;
    ++i;
  }
  return i == block.size();
}

void lay_out(void* drcontext, instrlist_t* list, InstructionList& block) {
  Layout(drcontext, list, block).run();
}

}  // namespace weft::dynamorio
