// Where the names that clients use for instructions are not Zydis's mnemonics. Data.
#pragma once

#include <array>
#include <string_view>

namespace weft::dynamorio {

/// One opcode for several mnemonics, or one under another name. `alias`: the mnemonic is a name of
/// the opcode too.
struct Renamed {
  std::string_view mnemonic;
  std::string_view opcode;
  bool alias;
};

inline constexpr Renamed kRenamed[] = {
    {"cbw", "cwde", true},
    {"cdqe", "cwde", true},
    {"cwd", "cdq", true},
    {"cqo", "cdq", true},
    {"jcxz", "jecxz", true},
    {"jrcxz", "jecxz", true},
    {"cmpxchg16b", "cmpxchg8b", true},
    {"pextrq", "pextrd", true},
    {"pinsrq", "pinsrd", true},
    {"vpextrq", "vpextrd", true},
    {"vpinsrq", "vpinsrd", true},
    {"movhlps", "movlps", true},
    {"movlhps", "movhps", true},
    {"vmovhlps", "vmovlps", true},
    {"vmovlhps", "vmovhps", true},
    {"iretd", "iret", false},
    {"iretq", "iret", false},
    {"popfd", "popf", false},
    {"popfq", "popf", false},
    {"pushfd", "pushf", false},
    {"pushfq", "pushf", false},
    {"popad", "popa", false},
    {"pushad", "pusha", false},
    {"movsb", "movs", false},
    {"movsw", "movs", false},
    {"movsq", "movs", false},
    {"cmpsb", "cmps", false},
    {"cmpsw", "cmps", false},
    {"cmpsq", "cmps", false},
    {"stosb", "stos", false},
    {"stosw", "stos", false},
    {"stosd", "stos", false},
    {"stosq", "stos", false},
    {"lodsb", "lods", false},
    {"lodsw", "lods", false},
    {"lodsd", "lods", false},
    {"lodsq", "lods", false},
    {"scasb", "scas", false},
    {"scasw", "scas", false},
    {"scasd", "scas", false},
    {"scasq", "scas", false},
    {"insb", "ins", false},
    {"insw", "ins", false},
    {"insd", "ins", false},
    {"outsb", "outs", false},
    {"outsw", "outs", false},
    {"outsd", "outs", false},
    {"mov", "mov_ld", false},
    {"fxsave", "fxsave32", true},
    {"fxrstor", "fxrstor32", true},
    {"xsave", "xsave32", true},
    {"xrstor", "xrstor32", true},
    {"xsaveopt", "xsaveopt32", true},
    {"xsavec", "xsavec32", true},
    {"xsaves", "xsaves32", true},
    {"xrstors", "xrstors32", true},
    {"pfcpit1", "pfrcpit1", false},
    {"pfsqrt", "pfrsqrt", false},
    {"endbr32", "nop_modrm", false},
    {"endbr64", "nop_modrm", false},
};

/// Opcodes that a mnemonic alone does not tell: the decoder chooses them by operands or prefixes.
/// `shown`: the text that decode_opcode_name() has for it.
struct Chosen {
  std::string_view opcode;
  std::string_view shown;
  std::string_view mnemonic;
};

inline constexpr Chosen kChosen[] = {
    {"mov_ld", "mov", "mov"},
    {"mov_st", "mov", "mov"},
    {"mov_imm", "mov", "mov"},
    {"mov_seg", "mov", "mov"},
    {"mov_priv", "mov", "mov"},
    {"push_imm", "push", "push"},
    {"call_ind", "call", "call"},
    {"call_far", "lcall", "call"},
    {"call_far_ind", "lcall", "call"},
    {"jmp_short", "jmp", "jmp"},
    {"jmp_ind", "jmp", "jmp"},
    {"jmp_far", "ljmp", "jmp"},
    {"jmp_far_ind", "ljmp", "jmp"},
    {"ret_far", "lret", "ret"},
    {"nop_modrm", "nop", "nop"},
    {"fxsave32", "fxsave", "fxsave"},
    {"fxrstor32", "fxrstor", "fxrstor"},
    {"xsave32", "xsave", "xsave"},
    {"xrstor32", "xrstor", "xrstor"},
    {"xsaveopt32", "xsaveopt", "xsaveopt"},
    {"xsavec32", "xsavec", "xsavec"},
    {"xsaves32", "xsaves", "xsaves"},
    {"xrstors32", "xrstors", "xrstors"},
    {"ins", "ins", "insd"},
    {"rep_ins", "rep ins", "insd"},
    {"outs", "outs", "outsd"},
    {"rep_outs", "rep outs", "outsd"},
    {"movs", "movs", "movsd"},
    {"rep_movs", "rep movs", "movsd"},
    {"stos", "stos", "stosd"},
    {"rep_stos", "rep stos", "stosd"},
    {"lods", "lods", "lodsd"},
    {"rep_lods", "rep lods", "lodsd"},
    {"cmps", "cmps", "cmpsd"},
    {"rep_cmps", "rep cmps", "cmpsd"},
    {"repne_cmps", "repne cmps", "cmpsd"},
    {"scas", "scas", "scasd"},
    {"rep_scas", "rep scas", "scasd"},
    {"repne_scas", "repne scas", "scasd"},
    {"pfrcpit1", "pfrcpit1", "pfcpit1"},
    {"pfrsqrt", "pfrsqrt", "pfsqrt"},
    // Newer than the decoder, or of its 3DNow! map: names only.
    {"unknown_3dnow", "unknown 3DNow", ""},
    {"erets", "erets", ""},
    {"eretu", "eretu", ""},
    {"lkgs", "lkgs", ""},
};

/// Further names of opcodes.
struct Alias {
  std::string_view name;
  std::string_view opcode;
};

inline constexpr Alias kAliases[] = {
    {"wait", "fwait"}, {"sal", "shl"},     {"load", "mov_ld"}, {"store", "mov_st"},
    {"icebp", "int1"}, {"setalc", "salc"}, {"ud2a", "ud2"},    {"ud2b", "ud1"},
};

/// Conditions in the order of their encodings; clients count on the order. Jumps, short jumps,
/// setcc and cmovcc follow it.
inline constexpr std::array<std::string_view, 16> kConditions = {
    "o", "no", "b", "nb", "z", "nz", "be", "nbe", "s", "ns", "p", "np", "l", "nl", "le", "nle"};

inline constexpr Alias kConditionAliases[] = {
    {"ae", "nb"}, {"nae", "b"}, {"a", "nbe"}, {"na", "be"}, {"c", "b"},
    {"nc", "nb"}, {"e", "z"},   {"ne", "nz"}, {"ge", "nl"}, {"nge", "l"},
    {"g", "nle"}, {"ng", "le"}, {"pe", "p"},  {"po", "np"},
};

}  // namespace weft::dynamorio
