// The rows of the maps behind VEX, EVEX and XOP prefixes. Of an opcode's rows, the first that holds
// counts. All opcodes are defined: the CPU raises #UD where they are not. Included by isa.cc alone.
#pragma once

#include "x86/isa_row.h"

namespace weft::x86::isa {

/// All that modrm and the prefix can name, in any way.
inline constexpr Registers kVexNamed = reads(kReg | kRm | kVvvv);

inline constexpr Row kVex0FRows[] = {
    {{0x10, 0x17}, kModrm, kNone},
    {0x2A, kModrm, kVexNamed},          // vcvtsi2sd
    {{0x2C, 0x2D}, kModrm, kVexNamed},  // vcvtsd2si
    {{0x28, 0x2F}, kModrm, kNone},
    {{0x41, 0x4B}, kModrm, kNone},  // masks
    {0x6E, kModrm, kVexNamed},      // vmovd
    {{0x51, 0x6F}, kModrm, kNone},
    {{0x70, 0x73}, kModrmImm8, kNone},
    {{0x74, 0x76}, kModrm, kNone},
    {0x77, kBare, kNone},  // vzeroupper
    {{0x7C, 0x7D}, kModrm, kNone},
    {0x7F, kModrm, kNone},
    {0xC2, kModrmImm8, kNone},                        // vcmpps
    {{0xC4, 0xC5}, kModrmImm8, kVexNamed},            // vpinsrw, vpextrw
    {0xC6, kModrmImm8, kNone},                        // vshufps
    {0xD7, kModrm, kVexNamed},                        // vpmovmskb
    {0xF7, kModrm, reads(kReg | kRm | kVvvv | kDi)},  // vmaskmovdqu, which stores through rdi
    {{0xD0, 0xFE}, kModrm, kNone},
    {{0x00, 0xFF}, kModrm, kVexNamed},
};

inline constexpr Row kVex0F38Rows[] = {
    {{0x00, 0xDF}, kModrm, kNone},
    {0xF2, kModrm, sets_whole(kReg, kRm | kVvvv)},        // andn
    {0xF3, kModrm, sets_whole(kVvvv, kRm)},               // blsr, blsmsk, blsi
    {0xF5, kModrm, sets_whole(kReg, kRm | kVvvv)},        // bzhi, pdep, pext
    {0xF6, kModrm, sets_whole(kReg | kVvvv, kRm | kDx)},  // mulx
    {0xF7, kModrm, sets_whole(kReg, kRm | kVvvv)},        // bextr, shlx, sarx, shrx
    {{0xE0, 0xFF}, kModrm, kVexNamed},                    // cmpccxadd
};

inline constexpr Row kVex0F3ARows[] = {
    {{0x14, 0x17}, kModrmImm8, sets_whole(kRm)},         // vpextrb to vextractps
    {{0x20, 0x22, 2}, kModrmImm8, reads(kRm)},           // vpinsrb, vpinsrd
    {{0x60, 0x63}, kModrmImm8, reads(kAx | kDx | kCx)},  // vpcmpestrm to vpcmpistri
    {{0x00, 0xEF}, kModrmImm8, kNone},
    {0xF0, kModrmImm8, sets_whole(kReg, kRm)},  // rorx
    {{0xF1, 0xFF}, kModrmImm8, kVexNamed},
};

/// Of all EVEX and all XOP maps; their immediates are by map (see decode_vector.cc).
inline constexpr Row kEvexRows[] = {{{0x00, 0xFF}, kModrm, kVexNamed}};
inline constexpr Row kXopRows[] = {{{0x00, 0xFF}, kModrm, kVexNamed}};

}  // namespace weft::x86::isa
