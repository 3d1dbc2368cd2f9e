#include "generator.h"

namespace fuzz {

Random code_random(uint64_t seed, uint64_t index) {
  return Random(Random(seed).next() ^ index * 2);
}
Random state_random(uint64_t seed, uint64_t index) {
  return Random(Random(seed).next() ^ (index * 2 + 1));
}

const Generator::Piece Generator::kPieces[] = {
    {"+forward_branch", 8, &Generator::forward_branch},
    {"+forward_branch_near", 5, &Generator::forward_branch_near},
    {"+jump_over_junk", 3, &Generator::jump_over_junk},
    {"+loop", 3, &Generator::loop},
    {"+counted_loop", 3, &Generator::counted_loop},
    {"+jump_if_rcx_zero", 3, &Generator::jump_if_rcx_zero},
    {"+call", 6, &Generator::call},
    {"+indirect", 8, &Generator::indirect},
    {"+return_as_jump", 3, &Generator::return_as_jump},
    {"+call_to_next", 2, &Generator::call_to_next},
    {"+into_the_middle", 3, &Generator::into_the_middle},
    {"+red_zone", 2, &Generator::red_zone},
    {"+stack_pointer", 3, &Generator::stack_pointer},
    {"+stack_memory", 3, &Generator::stack_memory},
    {"+frame", 2, &Generator::frame},
    {"+flags", 2, &Generator::flags},
    {"+string_operation", 4, &Generator::string_operation},
    {"+system_call", 1, &Generator::system_call},
    {"+fault", 1, &Generator::fault},
    {"+wild_branch", 1, &Generator::wild_branch},
    {"+gather", 1, &Generator::gather},
    {"+masked_store", 1, &Generator::masked_store},
    {"+bit_string", 1, &Generator::bit_string},
    {"+absolute_move", 1, &Generator::absolute_move},
};

Generator::Generator(const Layout& layout, Encoder& encoder, CodeBuffer& out, Random random,
                     uint64_t exit, Coverage* coverage)
    : layout_(layout),
      encoder_(encoder),
      out_(out),
      random_(random),
      exit_(exit),
      coverage_(coverage) {
  do {
    rules_.base = random_.below(16);
  } while (rules_.base == 4);
}

void Generator::write() {
  unsigned weights = 0;
  for (const Piece& piece : kPieces) weights += piece.weight;
  const unsigned pieces = 2 + random_.below(12);
  for (unsigned at = 0; at < pieces && out_.has_room(); ++at) {
    plain(4);
    unsigned chosen = random_.below(weights);
    const Piece* piece = kPieces;
    while (chosen >= piece->weight) chosen -= (piece++)->weight;
    count(piece->name);
    (this->*piece->write)();
  }
  plain(3);
  leave();
  // Leaves may call leaves, which are then written in their turn.
  for (size_t at = 0; at < calls_.size(); ++at) write_leaf(Call(calls_[at]));
}

void Generator::count(const char* name) {
  if (coverage_ != nullptr) ++(*coverage_)[name];
}

void Generator::plain(unsigned most) {
  for (unsigned left = random_.below(most + 1); left > 0; --left)
    encoder_.emit(out_, random_, rules_);
}

unsigned Generator::scratch(uint16_t besides) {
  const unsigned taken = besides | rules_.keep | 1u << rules_.base | 1u << 4;
  for (;;) {
    const unsigned reg = random_.below(16);
    if ((taken >> reg & 1) == 0) return reg;
  }
}

void Generator::junk(unsigned size) {
  for (; size > 0; --size) out_.put({random_.byte()});
}

void Generator::load(unsigned reg, uint64_t value) {
  out_.start_instruction();
  if (value <= UINT32_MAX && random_.one_in(2)) {
    if (reg >= 8) out_.put({0x41});
    out_.put({0xB8 | (reg & 7)});
    out_.put32(value);
  } else {
    out_.put({0x48u | (reg >= 8 ? 1 : 0), 0xB8 | (reg & 7)});
    out_.put64(value);
  }
}

uint32_t Generator::lea_rip(unsigned reg) {
  out_.insn({0x48u | (reg >= 8 ? 4 : 0), 0x8D, 5 | (reg & 7) << 3});
  out_.put32(0);
  return out_.position() - 4;
}

void Generator::reg_base(unsigned opcode, unsigned reg, int32_t displacement) {
  const unsigned base = rules_.base;
  out_.insn({0x48u | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0), opcode,
             0x80 | (reg & 7) << 3 | (base & 7)});
  if ((base & 7) == 4) out_.put({0x24});
  out_.put32(static_cast<uint32_t>(displacement));
}

void Generator::reg_stack(unsigned opcode, unsigned reg, int8_t displacement) {
  out_.insn({0x48u | (reg >= 8 ? 4 : 0), opcode, 0x44 | (reg & 7) << 3, 0x24,
             static_cast<uint8_t>(displacement)});
}

void Generator::reg_reg(unsigned opcode, unsigned reg, unsigned rm) {
  out_.insn(
      {0x48u | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0), opcode, 0xC0 | (reg & 7) << 3 | (rm & 7)});
}

void Generator::group(unsigned opcode, unsigned extension, unsigned rm) {
  out_.insn({0x48u | (rm >= 8 ? 1 : 0), opcode, 0xC0 | extension << 3 | (rm & 7)});
}

void Generator::push(unsigned reg) {
  out_.start_instruction();
  if (reg >= 8) out_.put({0x41});
  out_.put({0x50 | (reg & 7)});
}

void Generator::pop(unsigned reg) {
  out_.start_instruction();
  if (reg >= 8) out_.put({0x41});
  out_.put({0x58 | (reg & 7)});
}

uint32_t Generator::jump32(std::initializer_list<unsigned> opcode) {
  out_.insn(opcode);
  out_.put32(0);
  return out_.position() - 4;
}

void Generator::leave() {
  const uint32_t field = jump32({0xE9});
  out_.patch32(field, static_cast<uint32_t>(exit_ - (out_.address() + field + 4)));
}

}  // namespace fuzz
