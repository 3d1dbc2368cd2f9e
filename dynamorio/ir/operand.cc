// Operands: reading, changing and comparing them.
#include "ir/operand.h"

#include <array>
#include <cstring>

using weft::dynamorio::is_memory;
using weft::dynamorio::kEncodeZeroDisp;
using weft::dynamorio::kForceFullDisp;
using weft::dynamorio::Kind;
using weft::dynamorio::kind_of;
using weft::dynamorio::kShortAddress;

namespace {

bool has_segment(const opnd_t& opnd) {
  const Kind kind = kind_of(opnd);
  return kind == Kind::kMemory || kind == Kind::kRelative || kind == Kind::kAbsolute;
}

// The fields of opnd that name registers, in the order of opnd_get_reg_used(): index, base,
// segment.
struct NamedRegisters {
  std::array<reg_id_t*, 3> fields{};
  int count = 0;

  explicit NamedRegisters(opnd_t& opnd) {
    if (kind_of(opnd) == Kind::kReg) add(opnd.value.reg);
    if (kind_of(opnd) == Kind::kMemory) {
      add(opnd.value.mem.base);
      add(opnd.value.mem.index);
    }
    if (has_segment(opnd)) add(opnd.aux.segment);
  }

 private:
  void add(reg_id_t& reg) {
    if (reg != DR_REG_NULL) fields[static_cast<size_t>(count++)] = &reg;
  }
};

struct SizeInBytes {
  opnd_size_t size;
  uint bytes;
};

// As prefixes leave them in 64-bit code. Sizes of bits are below.
constexpr SizeInBytes kSizes[] = {
    {OPSZ_0, 0},
    {OPSZ_1, 1},
    {OPSZ_2, 2},
    {OPSZ_4, 4},
    {OPSZ_6, 6},
    {OPSZ_8, 8},
    {OPSZ_10, 10},
    {OPSZ_16, 16},
    {OPSZ_14, 14},
    {OPSZ_28, 28},
    {OPSZ_94, 94},
    {OPSZ_108, 108},
    {OPSZ_512, 512},
    {OPSZ_12, 12},
    {OPSZ_32, 32},
    {OPSZ_40, 40},
    {OPSZ_15, 15},
    {OPSZ_3, 3},
    {OPSZ_20, 20},
    {OPSZ_24, 24},
    {OPSZ_36, 36},
    {OPSZ_44, 44},
    {OPSZ_48, 48},
    {OPSZ_52, 52},
    {OPSZ_56, 56},
    {OPSZ_60, 60},
    {OPSZ_64, 64},
    {OPSZ_68, 68},
    {OPSZ_72, 72},
    {OPSZ_76, 76},
    {OPSZ_80, 80},
    {OPSZ_84, 84},
    {OPSZ_88, 88},
    {OPSZ_92, 92},
    {OPSZ_96, 96},
    {OPSZ_100, 100},
    {OPSZ_104, 104},
    {OPSZ_112, 112},
    {OPSZ_116, 116},
    {OPSZ_120, 120},
    {OPSZ_124, 124},
    {OPSZ_128, 128},
    {OPSZ_192, 192},
    {OPSZ_256, 256},
    {OPSZ_2_short1, 2},
    {OPSZ_4_short2, 4},
    {OPSZ_4_rex8_short2, 4},
    {OPSZ_4_rex8, 4},
    {OPSZ_6_irex10_short4, 6},
    {OPSZ_8_short2, 8},
    {OPSZ_8_short4, 8},
    {OPSZ_28_short14, 28},
    {OPSZ_108_short94, 108},
    {OPSZ_4x8, 8},
    {OPSZ_6x10, 10},
    {OPSZ_4x8_short2, 8},
    {OPSZ_4x8_short2xi8, 8},
    {OPSZ_4_short2xi4, 4},
    {OPSZ_1_reg4, 1},
    {OPSZ_2_reg4, 2},
    {OPSZ_4_reg16, 4},
    {OPSZ_32_short16, 32},
    {OPSZ_8_rex16, 8},
    {OPSZ_8_rex16_short4, 8},
    {OPSZ_12_rex40_short6, 12},
    {OPSZ_16_vex32, 16},
    {OPSZ_16_vex32_evex64, 16},
    {OPSZ_vex32_evex64, 32},
    {OPSZ_16_of_32_evex64, 16},
    {OPSZ_32_of_64, 32},
    {OPSZ_4_of_32_evex64, 4},
    {OPSZ_8_of_32_evex64, 8},
    {OPSZ_8x16, 16},
    {OPSZ_addr, 8},
};

constexpr SizeInBytes kSizesInBits[] = {
    {OPSZ_1b, 1},   {OPSZ_2b, 2},   {OPSZ_3b, 3},   {OPSZ_4b, 4},   {OPSZ_5b, 5},
    {OPSZ_6b, 6},   {OPSZ_7b, 7},   {OPSZ_9b, 9},   {OPSZ_10b, 10}, {OPSZ_11b, 11},
    {OPSZ_12b, 12}, {OPSZ_20b, 20}, {OPSZ_25b, 25},
};

// Sizes that shrink under a 16-bit operand size.
constexpr std::array<std::array<opnd_size_t, 2>, 10> kShort = {{{OPSZ_2_short1, OPSZ_1},
                                                                {OPSZ_4_short2, OPSZ_2},
                                                                {OPSZ_4_rex8_short2, OPSZ_2},
                                                                {OPSZ_8_short2, OPSZ_2},
                                                                {OPSZ_8_short4, OPSZ_4},
                                                                {OPSZ_28_short14, OPSZ_14},
                                                                {OPSZ_108_short94, OPSZ_94},
                                                                {OPSZ_4x8_short2, OPSZ_2},
                                                                {OPSZ_4x8_short2xi8, OPSZ_2},
                                                                {OPSZ_32_short16, OPSZ_16}}};

reg_id_t resized_like(reg_id_t model, reg_id_t reg) {
  return reg_resize_to_opsz(reg, reg_get_size(model));
}

}  // namespace

opnd_size_t opnd_get_size(opnd_t opnd) {
  if (kind_of(opnd) == Kind::kReg && opnd.size == OPSZ_NA) return reg_get_size(opnd.value.reg);
  return opnd.size;
}

void opnd_set_size(opnd_t* opnd, opnd_size_t size) { opnd->size = size; }
opnd_size_t opnd_get_vector_element_size(opnd_t) { return OPSZ_NA; }
reg_id_t opnd_get_reg(opnd_t opnd) {
  return kind_of(opnd) == Kind::kReg ? opnd.value.reg : static_cast<reg_id_t>(DR_REG_NULL);
}
dr_opnd_flags_t opnd_get_flags(opnd_t opnd) { return static_cast<dr_opnd_flags_t>(opnd.flags); }
void opnd_set_flags(opnd_t* opnd, dr_opnd_flags_t flags) {
  opnd->flags = static_cast<ushort>(flags);
}
opnd_t opnd_add_flags(opnd_t opnd, dr_opnd_flags_t flags) {
  opnd.flags = static_cast<ushort>(opnd.flags | flags);
  return opnd;
}
ptr_int_t opnd_get_immed_int(opnd_t opnd) { return opnd.value.immed_int; }
int64 opnd_get_immed_int64(opnd_t opnd) { return opnd.value.immed_int; }
float opnd_get_immed_float(opnd_t opnd) { return opnd.value.immed_float; }
double opnd_get_immed_double(opnd_t opnd) { return opnd.value.immed_double; }
app_pc opnd_get_pc(opnd_t opnd) { return opnd_is_pc(opnd) ? opnd.value.pc : nullptr; }
ushort opnd_get_segment_selector(opnd_t opnd) { return opnd.aux.selector; }
instr_t* opnd_get_instr(opnd_t opnd) {
  return opnd_is_instr(opnd) || opnd_is_mem_instr(opnd) ? opnd.value.instr : nullptr;
}
ushort opnd_get_shift(opnd_t opnd) { return opnd.aux.shift; }
short opnd_get_mem_instr_disp(opnd_t opnd) { return opnd.aux.instr_disp; }
reg_id_t opnd_get_base(opnd_t opnd) {
  return kind_of(opnd) == Kind::kMemory ? opnd.value.mem.base : static_cast<reg_id_t>(DR_REG_NULL);
}
int opnd_get_disp(opnd_t opnd) { return kind_of(opnd) == Kind::kMemory ? opnd.value.mem.disp : 0; }
bool opnd_is_disp_encode_zero(opnd_t opnd) { return (opnd.disp_form & kEncodeZeroDisp) != 0; }
bool opnd_is_disp_force_full(opnd_t opnd) { return (opnd.disp_form & kForceFullDisp) != 0; }
bool opnd_is_disp_short_addr(opnd_t opnd) { return (opnd.disp_form & kShortAddress) != 0; }
void opnd_set_disp(opnd_t* opnd, int disp) { opnd->value.mem.disp = disp; }

void opnd_set_disp_ex(opnd_t* opnd, int disp, bool encode_zero_disp, bool force_full_disp,
                      bool disp_short_addr) {
  opnd->value.mem.disp = disp;
  opnd->disp_form = static_cast<byte>((encode_zero_disp ? kEncodeZeroDisp : 0) |
                                      (force_full_disp ? kForceFullDisp : 0) |
                                      (disp_short_addr ? kShortAddress : 0));
}

reg_id_t opnd_get_index(opnd_t opnd) {
  return kind_of(opnd) == Kind::kMemory ? opnd.value.mem.index : static_cast<reg_id_t>(DR_REG_NULL);
}
int opnd_get_scale(opnd_t opnd) { return kind_of(opnd) == Kind::kMemory ? opnd.scale : 0; }
reg_id_t opnd_get_segment(opnd_t opnd) {
  return has_segment(opnd) ? opnd.aux.segment : static_cast<reg_id_t>(DR_REG_NULL);
}

void* opnd_get_addr(opnd_t opnd) {
  switch (kind_of(opnd)) {
    case Kind::kAbsolute:
    case Kind::kRelative:
      return opnd.value.addr;
    case Kind::kMemory:
      return opnd_is_abs_addr(opnd)
                 ? reinterpret_cast<void*>(static_cast<ptr_int_t>(opnd.value.mem.disp))
                 : nullptr;
    default:
      return nullptr;
  }
}

int opnd_num_regs_used(opnd_t opnd) { return NamedRegisters(opnd).count; }

reg_id_t opnd_get_reg_used(opnd_t opnd, int index) {
  const NamedRegisters named(opnd);
  return index < named.count ? *named.fields[static_cast<size_t>(index)]
                             : static_cast<reg_id_t>(DR_REG_NULL);
}

bool opnd_uses_reg(opnd_t opnd, reg_id_t reg) {
  const NamedRegisters named(opnd);
  for (int i = 0; i < named.count; ++i) {
    if (reg_overlap(*named.fields[static_cast<size_t>(i)], reg)) return true;
  }
  return false;
}

bool opnd_replace_reg(opnd_t* opnd, reg_id_t old_reg, reg_id_t new_reg) {
  const NamedRegisters named(*opnd);
  bool replaced = false;
  for (int i = 0; i < named.count; ++i) {
    reg_id_t& reg = *named.fields[static_cast<size_t>(i)];
    if (reg != old_reg) continue;
    reg = new_reg;
    replaced = true;
  }
  return replaced;
}

bool opnd_replace_reg_resize(opnd_t* opnd, reg_id_t old_reg, reg_id_t new_reg) {
  const NamedRegisters named(*opnd);
  bool replaced = false;
  for (int i = 0; i < named.count; ++i) {
    reg_id_t& reg = *named.fields[static_cast<size_t>(i)];
    if (!reg_overlap(reg, old_reg)) continue;
    const bool is_high = reg >= DR_REG_AH && reg <= DR_REG_BH;
    reg_id_t resized = resized_like(reg, new_reg);
    if (is_high) {
      const int number = reg_get_bits(reg_to_pointer_sized(new_reg));
      if (number >= 4) return false;  // only the first four have a second byte
      resized = static_cast<reg_id_t>(DR_REG_AH + number);
    }
    if (resized == DR_REG_NULL) return false;
    reg = resized;
    replaced = true;
  }
  return replaced;
}

bool opnd_same(opnd_t one, opnd_t other) {
  if (one.kind != other.kind) return false;
  // Sizes that prefixes could change are the same when they are as large.
  const bool same_size =
      one.size == other.size || (one.size != OPSZ_NA && other.size != OPSZ_NA &&
                                 opnd_size_in_bytes(one.size) == opnd_size_in_bytes(other.size));
  if (!same_size) return false;
  switch (kind_of(one)) {
    case Kind::kNull:
      return true;
    case Kind::kReg:
      return one.value.reg == other.value.reg;
    case Kind::kMemory:
      return opnd_same_address(one, other);
    case Kind::kFloat:
      return one.value.immed_float == other.value.immed_float;
    case Kind::kDouble:
      return one.value.immed_double == other.value.immed_double;
    default:
      return one.value.immed_int == other.value.immed_int && one.aux.segment == other.aux.segment;
  }
}

bool opnd_same_address(opnd_t one, opnd_t other) {
  if (one.kind != other.kind || one.aux.segment != other.aux.segment) return false;
  if (kind_of(one) != Kind::kMemory) return is_memory(one) && one.value.addr == other.value.addr;
  return one.value.mem.base == other.value.mem.base &&
         one.value.mem.index == other.value.mem.index && one.scale == other.scale &&
         one.value.mem.disp == other.value.mem.disp;
}

bool opnd_share_reg(opnd_t one, opnd_t other) {
  const NamedRegisters named(one);
  for (int i = 0; i < named.count; ++i) {
    if (opnd_uses_reg(other, *named.fields[static_cast<size_t>(i)])) return true;
  }
  return false;
}

// Memory may alias: any written memory may be what another operand reads.
bool opnd_defines_use(opnd_t def, opnd_t use) {
  if (kind_of(def) == Kind::kReg) return opnd_uses_reg(use, def.value.reg);
  return is_memory(def) && is_memory(use);
}

uint opnd_size_in_bytes(opnd_size_t size) {
  for (const SizeInBytes& row : kSizes) {
    if (row.size == size) return row.bytes;
  }
  return 0;
}

uint opnd_size_in_bits(opnd_size_t size) {
  for (const SizeInBytes& row : kSizesInBits) {
    if (row.size == size) return row.bytes;
  }
  return opnd_size_in_bytes(size) * 8;
}

opnd_size_t opnd_size_from_bytes(uint bytes) {
  for (const SizeInBytes& row : kSizes) {
    if (row.bytes == bytes) return row.size;
  }
  return OPSZ_NA;
}

opnd_t opnd_shrink_to_16_bits(opnd_t opnd) {
  if (kind_of(opnd) == Kind::kReg) {
    const opnd_size_t size = reg_get_size(opnd.value.reg);
    if (size == OPSZ_4 || size == OPSZ_8)
      opnd.value.reg = reg_resize_to_opsz(opnd.value.reg, OPSZ_2);
    return opnd;
  }
  for (const auto& [whole, part] : kShort) {
    if (opnd.size == whole) opnd.size = part;
  }
  if (opnd.size == OPSZ_4 || opnd.size == OPSZ_8) opnd.size = OPSZ_2;
  return opnd;
}

opnd_t opnd_shrink_to_32_bits(opnd_t opnd) {
  if (kind_of(opnd) == Kind::kReg && reg_is_64bit(opnd.value.reg))
    opnd.value.reg = reg_64_to_32(opnd.value.reg);
  if (kind_of(opnd) != Kind::kReg && opnd.size == OPSZ_8) opnd.size = OPSZ_4;
  return opnd;
}
