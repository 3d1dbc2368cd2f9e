#include "ir/order_implicit.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace weft::dynamorio {
namespace {

bool is_repeated(const ZydisDecodedInstruction& instruction) {
  return (instruction.attributes &
          (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
}

// Destinations and sources, with the counter behind both when the instruction is repeated.
bool take_string(const ZydisDecodedInstruction& instruction,
                 std::initializer_list<Item> destinations, std::initializer_list<Item> sources,
                 Order& order) {
  for (const Item item : destinations) order.destination(item);
  for (const Item item : sources) order.source(item);
  if (is_repeated(instruction)) {
    order.destination(kRcx);
    order.source(kRcx);
  }
  return true;
}

bool take(std::initializer_list<Item> destinations, std::initializer_list<Item> sources,
          Order& order) {
  for (const Item item : destinations) order.destination(item);
  for (const Item item : sources) order.source(item);
  return true;
}

// The first hidden memory operand.
Item memory_of(std::span<const ZydisDecodedOperand> operands) {
  const auto is_memory = [](const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
  };
  return static_cast<Item>(std::ranges::find_if(operands, is_memory) - operands.begin());
}

struct Permutation {
  ZydisMnemonic mnemonic;
  std::string_view destinations;  // "": as they are
  std::string_view sources;
};

constexpr Permutation kPermutations[] = {
    {ZYDIS_MNEMONIC_MUL, "10", ""},
    {ZYDIS_MNEMONIC_IMUL, "10", ""},
    {ZYDIS_MNEMONIC_DIV, "10", "021"},
    {ZYDIS_MNEMONIC_IDIV, "10", "021"},
    {ZYDIS_MNEMONIC_CMPXCHG8B, "021", "02134"},
    {ZYDIS_MNEMONIC_CMPXCHG16B, "021", "02134"},
    {ZYDIS_MNEMONIC_MULX, "10", ""},
    {ZYDIS_MNEMONIC_PDEP, "", "10"},
    {ZYDIS_MNEMONIC_PEXT, "", "10"},
    {ZYDIS_MNEMONIC_RDMSR, "10", ""},
    {ZYDIS_MNEMONIC_RDPMC, "10", ""},
    {ZYDIS_MNEMONIC_RDTSC, "10", ""},
    {ZYDIS_MNEMONIC_RDTSCP, "102", ""},
    {ZYDIS_MNEMONIC_WRMSR, "", "102"},
    {ZYDIS_MNEMONIC_RDPKRU, "10", ""},
    {ZYDIS_MNEMONIC_WRPKRU, "", "201"},
    {ZYDIS_MNEMONIC_FSCALE, "", "10"},
};

template <size_t N>
void reorder(std::array<Item, N>& items, size_t count, std::string_view order) {
  if (order.empty() || order.size() != count) return;
  const std::array<Item, N> old = items;
  for (size_t i = 0; i < count; ++i) items[i] = old[static_cast<size_t>(order[i] - '0')];
}

}  // namespace

bool take_implicit_order(const ZydisDecodedInstruction& instruction,
                         std::span<const ZydisDecodedOperand> operands, Order& order) {
  if (instruction.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return false;
  switch (instruction.opcode) {
    case 0x6c:
    case 0x6d:
      return take_string(instruction, {0, kRdi}, {1, kRdi}, order);  // ins
    case 0x6e:
    case 0x6f:
      return take_string(instruction, {kRsi}, {1, 0, kRsi}, order);  // outs
    case 0xa4:
    case 0xa5:
      return take_string(instruction, {0, kRsi, kRdi}, {1, kRsi, kRdi}, order);  // movs
    case 0xa6:
    case 0xa7:
      return take_string(instruction, {kRsi, kRdi}, {0, 1, kRsi, kRdi}, order);  // cmps
    case 0xaa:
    case 0xab:
      return take_string(instruction, {0, kRdi}, {1, kRdi}, order);  // stos
    case 0xac:
    case 0xad:
      return take_string(instruction, {0, kRsi}, {1, kRsi}, order);  // lods
    case 0xae:
    case 0xaf:
      return take_string(instruction, {kRdi}, {1, 0, kRdi}, order);  // scas
    case 0xee:
    case 0xef:
      return take({}, {1, 0}, order);  // out to dx
    case 0xc8:
      return take({kRsp, memory_of(operands), kRbp}, {0, 1, kRsp, kRbp}, order);  // enter
    case 0xc9:
      return take({kRsp, kRbp}, {kRbp, kRsp, memory_of(operands)}, order);  // leave
    case 0xf6:
      if (instruction.mnemonic != ZYDIS_MNEMONIC_DIV && instruction.mnemonic != ZYDIS_MNEMONIC_IDIV)
        return false;
      return take({kAh, kAl}, {0, 1}, order);
    default:
      return false;
  }
}

void permute(const ZydisDecodedInstruction& instruction, Order& order) {
  for (const Permutation& permutation : kPermutations) {
    if (permutation.mnemonic != instruction.mnemonic) continue;
    reorder(order.destinations, order.num_destinations, permutation.destinations);
    reorder(order.sources, order.num_sources, permutation.sources);
  }
}

bool has_immediate_first(const ZydisDecodedInstruction& instruction, bool masked) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_VCVTPS2PH:
    case ZYDIS_MNEMONIC_VPERMILPS:
    case ZYDIS_MNEMONIC_VPERMILPD:
    case ZYDIS_MNEMONIC_VPERMPD:
    case ZYDIS_MNEMONIC_VPERMQ:
      return false;
    case ZYDIS_MNEMONIC_VPSLLW:
    case ZYDIS_MNEMONIC_VPSLLD:
    case ZYDIS_MNEMONIC_VPSLLQ:
    case ZYDIS_MNEMONIC_VPSRLW:
    case ZYDIS_MNEMONIC_VPSRLD:
    case ZYDIS_MNEMONIC_VPSRLQ:
    case ZYDIS_MNEMONIC_VPSRAW:
    case ZYDIS_MNEMONIC_VPSRAD:
    case ZYDIS_MNEMONIC_VPSLLDQ:
    case ZYDIS_MNEMONIC_VPSRLDQ:
    case ZYDIS_MNEMONIC_VEXTRACTPS:
    case ZYDIS_MNEMONIC_VINSERTPS:
      return true;
    default:
      return masked;
  }
}

}  // namespace weft::dynamorio
