// Every instruction with memory that Zydis knows, in all its encodings: what describe() says of its
// memory operands is what Zydis's table says, but for what is listed here.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "x86/instruction_info.h"
#include "x86/zydis.h"

namespace weft::x86 {
namespace {

using Form = AccessForm::Kind;
using Names = std::set<std::string_view>;

/// Name a line and access nothing.
const Names kHints{"nop",        "prefetch",  "prefetchnta", "prefetcht0", "prefetcht1",
                   "prefetcht2", "prefetchw", "prefetchwt1", "clflush",    "clflushopt",
                   "clwb",       "cldemote",  "invlpg",      "ud0",        "ud1",
                   "bndmov",     "bndldx",    "bndstx",      "lea",        "bndcl",
                   "bndcn",      "bndcu",     "bndmk"};
const Names kBitTests{"bt", "btc", "btr", "bts"};
const Names kSaves{"xsave",  "xsave64",  "xsaveopt", "xsaveopt64",
                   "xsavec", "xsavec64", "xsaves",   "xsaves64"};
const Names kRestores{"xrstor", "xrstor64", "xrstors", "xrstors64"};
const Names kTiles{"tileloadd", "tileloaddt1", "tilestored"};
const Names kSignMasked{"maskmovq",   "maskmovdqu", "vmaskmovdqu", "vmaskmovps",
                        "vmaskmovpd", "vpmaskmovd", "vpmaskmovq"};
/// Masked, and yet they access all of their memory: the architecture's classes without fault
/// suppression.
const Names kAccessAll{"valignd",
                       "valignq",
                       "vpalignr",
                       "vmovshdup",
                       "vmovsldup",
                       "vmovddup",
                       "vpackssdw",
                       "vpacksswb",
                       "vpackusdw",
                       "vpackuswb",
                       "vpconflictd",
                       "vpconflictq",
                       "vpermb",
                       "vpermd",
                       "vpermi2b",
                       "vpermi2d",
                       "vpermi2pd",
                       "vpermi2ps",
                       "vpermi2q",
                       "vpermi2w",
                       "vpermilpd",
                       "vpermilps",
                       "vpermpd",
                       "vpermps",
                       "vpermq",
                       "vpermt2b",
                       "vpermt2d",
                       "vpermt2pd",
                       "vpermt2ps",
                       "vpermt2q",
                       "vpermt2w",
                       "vpermw",
                       "vpmaddubsw",
                       "vpmaddwd",
                       "vpmultishiftqb",
                       "vpshufb",
                       "vpshufd",
                       "vpshufhw",
                       "vpshuflw",
                       "vpunpckhbw",
                       "vpunpckhdq",
                       "vpunpckhqdq",
                       "vpunpckhwd",
                       "vpunpcklbw",
                       "vpunpckldq",
                       "vpunpcklqdq",
                       "vpunpcklwd",
                       "vshuff32x4",
                       "vshuff64x2",
                       "vshufi32x4",
                       "vshufi64x2",
                       "vshufpd",
                       "vshufps",
                       "vunpckhpd",
                       "vunpckhps",
                       "vunpcklpd",
                       "vunpcklps",
                       "vinsertf32x4",
                       "vinsertf32x8",
                       "vinsertf64x2",
                       "vinsertf64x4",
                       "vinserti32x4",
                       "vinserti32x8",
                       "vinserti64x2",
                       "vinserti64x4",
                       "vextractf32x4",
                       "vextractf32x8",
                       "vextractf64x2",
                       "vextractf64x4",
                       "vextracti32x4",
                       "vextracti32x8",
                       "vextracti64x2",
                       "vextracti64x4",
                       "vdbpsadbw",
                       "vcvtne2ps2bf16",
                       "vgf2p8affineqb",
                       "vgf2p8affineinvqb",
                       "vpshufbitqmb",
                       "v4fmaddps",
                       "v4fmaddss",
                       "v4fnmaddps",
                       "v4fnmaddss",
                       "vp4dpwssd",
                       "vp4dpwssds"};
/// By a count in 16 bytes of memory; their other forms are masked element by element.
const Names kShiftsByOneCount{"vpslld", "vpsllq", "vpsllw", "vpsrad", "vpsraq",
                              "vpsraw", "vpsrld", "vpsrlq", "vpsrlw"};

struct Seen {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  std::string_view name;

  bool is_memory(size_t at) const { return operands[at].type == ZYDIS_OPERAND_TYPE_MEMORY; }
  bool is_register(size_t at) const { return operands[at].type == ZYDIS_OPERAND_TYPE_REGISTER; }
  bool is_masked() const {
    return insn.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX &&
           insn.avx.mask.reg != ZYDIS_REGISTER_NONE && insn.avx.mask.reg != ZYDIS_REGISTER_K0;
  }
  bool repeats() const {
    return (insn.attributes &
            (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
  }
};

class MemoryOperands : public ::testing::Test {
 protected:
  void visit(const std::vector<uint8_t>& bytes) {
    std::array<uint8_t, 24> padded{};
    std::copy(bytes.begin(), bytes.end(), padded.begin());
    Seen seen;
    if (!ZYAN_SUCCESS(Zydis::get().decode(&Zydis::decoder(), padded.data(), 15, &seen.insn,
                                          seen.operands.data())) ||
        seen.insn.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX) {
      return;
    }
    seen.name = Zydis::get().mnemonic(seen.insn.mnemonic);
    bool any = seen.name == "clzero";
    for (size_t at = 0; at < seen.insn.operand_count; ++at) any |= seen.is_memory(at);
    if (!any) return;
    const InstructionInfo info = describe(padded.data(), 15, {kPc});
    const std::string problem = compare(seen, info);
    if (problem.empty() || !reported_.insert(std::string(seen.name) + problem).second) {
      names_.insert(seen.name);
      return;
    }
    std::string text;
    for (const uint8_t byte : bytes)
      text += "0123456789abcdef"[byte >> 4], text += "0123456789abcdef"[byte & 15];
    ADD_FAILURE() << seen.name << " (" << text << "): " << problem;
  }

  std::string compare(const Seen& seen, const InstructionInfo& info) {
    constexpr unsigned kLevels = 31;
    size_t expected = seen.insn.operand_count;
    const bool adds = seen.name == "clzero" || seen.name == "enqcmd" || seen.name == "enqcmds";
    const bool nested = seen.name == "enter" && (seen.operands[1].imm.value.u & kLevels) > 1;
    if (adds || nested) ++expected;
    if (info.operands.size() != expected) return "another number of operands";
    if (adds) {
      const OperandInfo& line = info.operands.back();
      if (!line.written || line.read || line.size != 64) return "what it stores";
    }
    if (seen.name == "enter") return "";  // see EnterPushesFramePointers
    for (size_t at = 0; at < seen.insn.operand_count; ++at) {
      if (!seen.is_memory(at)) continue;
      const std::string problem = compare_operand(seen, at, info.operands[at]);
      if (!problem.empty()) return problem;
    }
    return "";
  }

  static std::string compare_operand(const Seen& seen, size_t at, const OperandInfo& ours) {
    const ZydisDecodedOperand& theirs = seen.operands[at];
    if (ours.kind != OperandInfo::Kind::kMemory) return "no memory";
    if (ours.size != theirs.size / 8) return "another size";
    const bool prefetches = seen.name.find("gatherpf") != seen.name.npos ||
                            seen.name.find("scatterpf") != seen.name.npos;
    const bool hint = prefetches || kHints.contains(seen.name);
    const bool read = (theirs.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    const bool written = (theirs.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (hint) return ours.read || ours.written ? "a hint that accesses" : "";
    if (!read && !written) return "neither read nor written, and not known as a hint";
    if (ours.read != read || ours.written != written) return "read or written otherwise";
    const bool by_register = kBitTests.contains(seen.name) && seen.is_register(1);
    if ((by_register || seen.name == "xlat") != ours.memory.is_moved()) return "moved";
    if (by_register && ours.memory.moved_unit != ours.size) return "moved by other units";
    return compare_form(seen, at, ours.access);
  }

  static std::string compare_form(const Seen& seen, size_t at, const AccessForm& form) {
    const ZydisDecodedOperand& theirs = seen.operands[at];
    if (theirs.mem.type == ZYDIS_MEMOP_TYPE_VSIB) return compare_indexed(seen, at, form);
    Form expected = Form::kOne;
    const bool by_one_count =
        kShiftsByOneCount.contains(seen.name) && theirs.size == 128 &&
        seen.operands[seen.insn.operand_count_visible - 1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE;
    if (seen.repeats()) expected = Form::kRepeated;
    if (kSignMasked.contains(seen.name)) expected = Form::kMasked;
    if (kRestores.contains(seen.name)) expected = Form::kRestore;
    if (kTiles.contains(seen.name)) expected = Form::kTiles;
    if (seen.is_masked() && !kAccessAll.contains(seen.name) && !by_one_count) {
      const bool packs = seen.name.find("compress") != seen.name.npos ||
                         seen.name.find("expand") != seen.name.npos;
      expected = packs ? Form::kPacked : Form::kMasked;
    }
    if (kSaves.contains(seen.name)) {
      expected = seen.name.starts_with("xsaveopt") ? Form::kSaveUsed
                 : seen.name.size() > 5 && (seen.name[5] == 'c' || seen.name[5] == 's')
                     ? Form::kSaveCompacted
                     : Form::kSave;
    }
    if (form.kind != expected) return "accesses of another form";
    if (expected != Form::kMasked && expected != Form::kPacked) return "";
    if (form.count * form.element != theirs.size / 8) return "elements that do not make its size";
    const bool one_byte = seen.name.find("maskmovdqu") != seen.name.npos || seen.name == "maskmovq";
    if (kSignMasked.contains(seen.name)) {
      return form.element == (one_byte ? 1 : theirs.element_size / 8) ? "" : "other elements";
    }
    // A mask bit is for as much of the result as there are elements in a vector of this length.
    if (form.mask_count < form.count) return "elements without a mask bit";
    if (form.mask_count % form.count != 0) return "mask bits without an element";
    return "";
  }

  static std::string compare_indexed(const Seen& seen, size_t at, const AccessForm& form) {
    if (form.kind != Form::kIndexed) return "accesses of another form";
    const unsigned wide =
        seen.name.find("gatherq") != seen.name.npos || seen.name.find("scatterq") != seen.name.npos
            ? 8
            : 4;
    if (form.index_bytes != wide) return "indices of another size";
    const char last = seen.name.back();  // s and d behind p: 4 and 8; d and q: 4 and 8
    const bool floats = seen.name[seen.name.size() - 2] == 'p';
    const unsigned element = last == 'q' || (floats && last == 'd') ? 8 : 4;
    if (form.element != element || seen.operands[at].size != element * 8) return "other elements";
    // The larger of element and index fills a vector of the instruction's length.
    if (form.count * std::max(wide, element) * 8 != seen.insn.avx.vector_length) {
      return "another number of elements";
    }
    const bool evex = seen.insn.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX;
    if ((form.mask == AccessForm::Mask::kOpmask) != evex) return "masked otherwise";
    return form.mask == AccessForm::Mask::kAll ? "not masked" : "";
  }

  static constexpr uint64_t kPc = 0x400000;
  std::set<std::string_view> names_;
  std::set<std::string> reported_;
};

using Bytes = std::vector<uint8_t>;

/// `lead` and an opcode, with each register field; in memory with and without an index, and, for
/// memory that is not named, in registers.
template <typename Visit>
void with_operands(const Bytes& lead, unsigned opcode, bool evex, Visit visit) {
  constexpr uint8_t kBase = 0;
  constexpr uint8_t kIndexed = 4;
  constexpr uint8_t kRegister = 0xC1;
  constexpr uint8_t kFifthRegister = 0xC4;
  for (unsigned reg = 0; reg < 8; ++reg) {
    for (const uint8_t form : {kBase, kIndexed, kRegister, kFifthRegister}) {
      if (form >= kRegister && evex) break;
      Bytes bytes = lead;
      bytes.push_back(static_cast<uint8_t>(opcode));
      bytes.push_back(static_cast<uint8_t>(form | reg << 3));
      if (form == kIndexed) bytes.push_back(0x10);
      bytes.push_back(3);  // an immediate
      bytes.push_back(0);
      bytes.push_back(2);
      visit(bytes);
    }
  }
}

TEST_F(MemoryOperands, OfLegacyEncodingsAreWhatTheTableSays) {
  const Bytes prefixes[] = {{}, {0x66}, {0xF3}, {0xF2}, {0x66, 0xF2}, {0x67}};
  const Bytes maps[] = {{}, {0x0F}, {0x0F, 0x38}, {0x0F, 0x3A}};
  for (const Bytes& prefix : prefixes) {
    for (const bool wide : {false, true}) {
      for (const Bytes& map : maps) {
        Bytes lead = prefix;
        if (wide) lead.push_back(0x48);
        lead.insert(lead.end(), map.begin(), map.end());
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
          with_operands(lead, opcode, false, [&](const Bytes& bytes) { visit(bytes); });
        }
      }
    }
  }
  for (const std::string_view name :
       {"mov",    "bt",         "bts",        "btr",    "btc",       "xlat",   "xsave",
        "xsavec", "xsaveopt",   "xrstor",     "fxsave", "enter",     "leave",  "push",
        "pop",    "maskmovq",   "maskmovdqu", "clzero", "movdir64b", "enqcmd", "sgdt",
        "invlpg", "cmpxchg16b", "fnsave",     "fldenv", "movsb",     "cmpsq",  "iretq"}) {
    EXPECT_TRUE(names_.contains(name)) << name;
  }
  EXPECT_GT(names_.size(), 400u);
}

TEST_F(MemoryOperands, OfVexEncodingsAreWhatTheTableSays) {
  for (unsigned map = 1; map <= 10; ++map) {
    for (unsigned fields = 0; fields < 16; ++fields) {  // W, L, two of the implied prefix
      for (const unsigned second : {15u, 14u}) {
        const auto lead = static_cast<uint8_t>(map < 8 ? 0xC4 : 0x8F);
        const auto last = static_cast<uint8_t>((fields & 8) << 4 | second << 3 | (fields & 7));
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
          with_operands({lead, static_cast<uint8_t>(0xE0 | map), last}, opcode, false,
                        [&](const Bytes& bytes) { visit(bytes); });
        }
      }
    }
  }
  for (const std::string_view name : {"vmaskmovps", "vpmaskmovq", "vpgatherdd", "vgatherqpd",
                                      "vbroadcastss", "vmaskmovdqu", "tileloadd", "sttilecfg"}) {
    EXPECT_TRUE(names_.contains(name)) << name;
  }
  EXPECT_GT(names_.size(), 450u);
}

TEST_F(MemoryOperands, OfEvexEncodingsAreWhatTheTableSays) {
  for (unsigned map = 1; map <= 6; ++map) {
    for (unsigned wide = 0; wide < 2; ++wide) {
      for (unsigned prefix = 0; prefix < 4; ++prefix) {
        for (unsigned last = 0; last < 12; ++last) {  // length, broadcast, mask
          const unsigned fields = (last / 4) << 5 | (last >> 1 & 1) << 4 | (last & 1) | 8;
          for (const unsigned second : {15u, 14u}) {
            const Bytes lead{0x62, static_cast<uint8_t>(0xF0 | map),
                             static_cast<uint8_t>(wide << 7 | second << 3 | 4 | prefix),
                             static_cast<uint8_t>(fields)};
            for (unsigned opcode = 0; opcode < 256; ++opcode) {
              with_operands(lead, opcode, true, [&](const Bytes& bytes) { visit(bytes); });
            }
          }
        }
      }
    }
  }
  for (const std::string_view name :
       {"vpscatterdd", "vpgatherqq", "vpcompressb", "vexpandps", "vmovdqu8", "vpmovqb", "vpdpbusd",
        "vbroadcastf32x2", "vfcmulcph", "vcvtps2ph", "vmovsh"}) {
    EXPECT_TRUE(names_.contains(name)) << name;
  }
  EXPECT_GT(names_.size(), 600u);
}

}  // namespace
}  // namespace weft::x86
