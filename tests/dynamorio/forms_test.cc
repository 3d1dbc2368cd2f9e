// Every form that the decoder knows, and every macro.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

#include "dr_api.h"
#include "generate/enumerate.h"
#include "ir/encode.h"
#include "ir/general_use.h"
#include "ir/opcode.h"

extern "C" void use_all_macros(void* dc, opnd_t o, void (*use)(const char*, instr_t*, void*),
                               void* context);

namespace weft::dynamorio {
namespace {

// Forms that differ in nothing that an encoder sees are tried once.
std::string key_of(const Decoded& decoded) {
  std::string key = std::to_string(decoded.instruction.mnemonic) + "/" +
                    std::to_string(decoded.instruction.encoding) + "/" +
                    std::to_string(decoded.instruction.avx.mask.mode) + "/" +
                    std::to_string(decoded.instruction.avx.rounding.mode);
  for (size_t i = 0; i < decoded.instruction.operand_count; ++i) {
    const ZydisDecodedOperand& operand = decoded.operands[i];
    key += "/" + std::to_string(operand.type) + "," + std::to_string(operand.size) + "," +
           std::to_string(operand.encoding);
  }
  return key;
}

// What has no operand type here: AMX's tiles, and MPX's addresses that are not computed.
bool is_left_out(const Decoded& decoded) {
  switch (decoded.instruction.meta.isa_ext) {
    case ZYDIS_ISA_EXT_AMX_TILE:
    case ZYDIS_ISA_EXT_AMX_INT8:
    case ZYDIS_ISA_EXT_AMX_BF16:
    case ZYDIS_ISA_EXT_MPX:
      return true;
    default:
      return false;
  }
}

// Encodings that mean the same: a move of a register either way round, a no-op of eax's neighbours,
// VIA's ignored REX, a scalar in FMA4's other order, and the operand sizes of kernel code.
bool may_differ(int opcode) {
  const std::string name = decode_opcode_name(opcode);
  if (name == "mov" || name == "movd" || name == "xchg" || name == "sysret" || name == "lret")
    return true;
  return name.starts_with("vfm") || name.starts_with("vfnm") || name.starts_with("x") ||
         name == "montmul";
}

TEST(Forms, are_the_same_when_decoded_encoded_and_decoded_again) {
  std::set<std::string> seen, lost, changed;
  auto* const place = reinterpret_cast<byte*>(0x10000000);
  for_each_form([&](const Decoded& decoded) {
    if (is_left_out(decoded) || !seen.insert(key_of(decoded)).second) return;
    byte bytes[ZYDIS_MAX_INSTRUCTION_LENGTH * 2] = {};
    std::memcpy(bytes, decoded.bytes.data(), decoded.instruction.length);
    instr_t before, after;
    instr_init(nullptr, &before);
    instr_init(nullptr, &after);
    ASSERT_NE(decode_from_copy(nullptr, bytes, place, &before), nullptr);
    byte again[MAX_INSTR_LENGTH + 1] = {};
    if (instr_encode_to_copy(nullptr, &before, again, place) == nullptr) {
      lost.insert(decode_opcode_name(instr_get_opcode(&before)));
    } else {
      decode_from_copy(nullptr, again, place, &after);
      if (!instr_same(&before, &after) && !may_differ(instr_get_opcode(&before))) {
        changed.insert(decode_opcode_name(instr_get_opcode(&before)));
      }
    }
    instr_free(nullptr, &before);
    instr_free(nullptr, &after);
  });
  EXPECT_GT(seen.size(), 8000U);
  EXPECT_THAT(lost, testing::IsEmpty());
  EXPECT_THAT(changed, testing::IsEmpty());
}

// One register after the other, as clients ask.
GeneralUse asked_for(instr_t* instr) {
  GeneralUse use;
  for (reg_id_t reg = DR_REG_START_GPR; reg <= DR_REG_STOP_GPR; ++reg) {
    const auto bit = static_cast<uint16_t>(1u << (reg - DR_REG_START_GPR));
    const auto low = static_cast<reg_id_t>(reg - DR_REG_START_GPR + DR_REG_START_32);
    if (instr_reads_from_reg(instr, reg, DR_QUERY_INCLUDE_ALL)) use.reads |= bit;
    if (instr_writes_to_reg(instr, reg, DR_QUERY_INCLUDE_ALL)) use.writes |= bit;
    if (instr_is_predicated(instr)) continue;
    if (instr_writes_to_exact_reg(instr, reg, DR_QUERY_DEFAULT) ||
        instr_writes_to_exact_reg(instr, low, DR_QUERY_DEFAULT)) {
      use.replaces |= bit;
    }
  }
  return use;
}

TEST(Forms, use_general_registers_as_each_by_itself_says) {
  std::set<std::string> seen, wrong;
  for_each_form([&](const Decoded& decoded) {
    if (is_left_out(decoded) || !seen.insert(key_of(decoded)).second) return;
    byte bytes[ZYDIS_MAX_INSTRUCTION_LENGTH * 2] = {};
    std::memcpy(bytes, decoded.bytes.data(), decoded.instruction.length);
    instr_t instr;
    instr_init(nullptr, &instr);
    ASSERT_NE(decode(nullptr, bytes, &instr), nullptr);
    const GeneralUse once = general_use(&instr);
    const GeneralUse each = asked_for(&instr);
    if (once.reads != each.reads || once.writes != each.writes || once.replaces != each.replaces) {
      wrong.insert(decode_opcode_name(instr_get_opcode(&instr)));
    }
    instr_free(nullptr, &instr);
  });
  EXPECT_THAT(wrong, testing::IsEmpty());
}

struct Counts {
  int macros = 0;
  std::set<std::string> unlike;
};

// Whether some form of the opcode has as many destinations and sources as the macro gives.
bool has_signature(instr_t* instr) {
  const ZydisMnemonic mnemonic = mnemonic_of(instr);
  if (mnemonic == ZYDIS_MNEMONIC_INVALID || signatures_of(mnemonic).empty()) return true;
  for (const Signature& signature : signatures_of(mnemonic)) {
    if (signature.destinations == instr_num_dsts(instr) &&
        signature.sources == instr_num_srcs(instr))
      return true;
  }
  return false;
}

TEST(Macros, make_instructions_with_the_operands_that_the_decoder_has) {
  Counts counts;
  use_all_macros(
      nullptr, opnd_create_reg(DR_REG_XMM1),
      [](const char* name, instr_t* instr, void* context) {
        auto& all = *static_cast<Counts*>(context);
        ++all.macros;
        if (!has_signature(instr)) all.unlike.insert(name);
        instr_destroy(nullptr, instr);
      },
      &counts);
  EXPECT_GT(counts.macros, 1900);
  // Without memory these two are vmovlhps and vmovhlps, which take two sources.
  counts.unlike.erase("vmovhps");
  counts.unlike.erase("vmovlps");
  EXPECT_THAT(counts.unlike, testing::IsEmpty());
}

}  // namespace
}  // namespace weft::dynamorio
