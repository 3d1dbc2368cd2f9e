#include "x86/isa.h"

#include <span>
#include <utility>

#include "x86/isa_0f.h"
#include "x86/isa_one_byte.h"
#include "x86/isa_vector.h"

namespace weft::x86::isa {
namespace {

using Rows = std::span<const Row>;

constexpr Row kUndefined = {{0x00, 0xFF}, kBare, kAnything, Flags::kElsewhere, {}, Kind::kInvalid};

/// The rows of a map and, last, one that holds for what has none.
template <size_t kCount>
constexpr auto whole(const Row (&rows)[kCount]) {
  return [&]<size_t... kAt>(std::index_sequence<kAt...>) {
    return std::array<Row, kCount + 1>{rows[kAt]..., kUndefined};
  }
  (std::make_index_sequence<kCount>());
}
constexpr auto kOneByte = whole(kOneByteRows);
constexpr auto k0F = whole(k0FRows);
constexpr auto k0F38 = whole(k0F38Rows);
constexpr auto k0F3A = whole(k0F3ARows);
constexpr auto kVex0F = whole(kVex0FRows);
constexpr auto kVex0F38 = whole(kVex0F38Rows);
constexpr auto kVex0F3A = whole(kVex0F3ARows);
constexpr auto kEvex = whole(kEvexRows);
constexpr auto kXop = whole(kXopRows);
constexpr auto k3dNow = whole(k3dNowRows);

/// By number.
constexpr std::array<Rows, 10> kMaps = {kOneByte, k0F,      k0F38, k0F3A, kVex0F,
                                        kVex0F38, kVex0F3A, kEvex, kXop,  k3dNow};
static_assert(static_cast<size_t>(Map::k3dNow) == kMaps.size() - 1);

/// The first row for each opcode, whatever it asks of the facts.
using FirstRows = std::array<uint8_t, 256>;

constexpr FirstRows first_rows(Rows rows) {
  FirstRows first = {};
  for (unsigned opcode = 0; opcode < first.size(); ++opcode) {
    unsigned row = 0;
    while (!rows[row].opcodes.contain(static_cast<uint8_t>(opcode))) ++row;
    first[opcode] = static_cast<uint8_t>(row);
  }
  return first;
}

constexpr std::array<FirstRows, kMaps.size()> make_first_rows() {
  std::array<FirstRows, kMaps.size()> all = {};
  for (size_t map = 0; map < all.size(); ++map) all[map] = first_rows(kMaps[map]);
  return all;
}
constexpr std::array<FirstRows, kMaps.size()> kFirstRows = make_first_rows();

constexpr Opcode opcode_of(Rows rows, uint8_t opcode) {
  const Row* first = nullptr;
  bool differ = false;
  for (const Row& row : rows) {
    if (!row.opcodes.contain(opcode)) continue;
    if (first == nullptr) first = &row;
    differ |= row.kind != first->kind || row.form != first->form;
    if (row.when.always()) break;
  }
  return {first->kind, first->form, differ};
}

constexpr OpcodeTable opcodes_of(Rows rows) {
  OpcodeTable table = {};
  for (unsigned at = 0; at < table.size(); ++at)
    table[at] = opcode_of(rows, static_cast<uint8_t>(at));
  return table;
}

/// The decoder looks at the modrm byte before it looks for a row.
constexpr bool tell_modrm_by_opcode_alone(Rows rows) {
  for (const Row& a : rows) {
    for (const Row& b : rows) {
      const bool overlap = a.opcodes.contain(b.opcodes.first) || b.opcodes.contain(a.opcodes.first);
      if (overlap && !a.when.always() && a.form.has_modrm() != b.form.has_modrm()) return false;
    }
  }
  return true;
}
static_assert(tell_modrm_by_opcode_alone(kOneByteRows) && tell_modrm_by_opcode_alone(k0FRows));

constexpr bool all_are(Rows rows, const Opcode& expected) {
  for (const Opcode& opcode : opcodes_of(rows)) {
    if (opcode.kind != expected.kind || opcode.refined) return false;
    if (opcode.form != expected.form) return false;
  }
  return true;
}
static_assert(all_are(k0F38, kModrmOpcode) && all_are(kVex0F38, kModrmOpcode));
static_assert(all_are(kEvex, kModrmOpcode) && all_are(kXop, kModrmOpcode));
static_assert(all_are(k0F3A, kModrmImm8Opcode) && all_are(kVex0F3A, kModrmImm8Opcode));
static_assert(all_are(k3dNow, kModrmImm8Opcode));

/// Without branches, since the decoder calls it. `modrm` is 0 where there is none.
Facts facts_of(const Insn& insn) {
  const auto bit = [](bool is, Facts fact) { return is ? fact : 0u; };
  const bool memory = insn.modrm < 0xC0;
  const bool wide = (insn.rex & 8) != 0;
  const unsigned different =
      ((insn.modrm ^ insn.modrm >> 3) & 7u) | ((insn.rex ^ insn.rex >> 2) & 1u);
  return static_cast<Facts>(insn.modrm | bit(memory, kMemory) | bit(insn.rep, kRep) |
                            bit(insn.repne, kRepne) | bit(insn.operand_size_prefix, kOperandSize) |
                            bit(insn.operand_size_prefix && !wide, kNarrow) |
                            bit((insn.rex & 1) != 0, kRexB) |
                            bit(!memory && different == 0, kSameRegister));
}

}  // namespace

constexpr OpcodeTable kOneByteOpcodes = opcodes_of(kOneByte);
constexpr OpcodeTable k0FOpcodes = opcodes_of(k0F);
constexpr OpcodeTable kVex0FOpcodes = opcodes_of(kVex0F);

const Row& find_row(const Insn& insn) {
  const Facts facts = facts_of(insn);
  const auto map = static_cast<size_t>(insn.map);
  const Row* row = &kMaps[map][kFirstRows[map][insn.opcode]];
  while (!row->when.holds(facts) || !row->opcodes.contain(insn.opcode)) ++row;
  return *row;
}

}  // namespace weft::x86::isa
