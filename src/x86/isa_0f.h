// The rows of the maps behind 0F without a vector prefix: 0F, 0F38, 0F3A and 3DNow!. Of an opcode's
// rows, the first that holds counts; an opcode without one is undefined. Included by isa.cc alone.
#pragma once

#include "x86/isa_row.h"

namespace weft::x86::isa {

// Of an instruction not told apart, one with a memory operand uses nothing unnamed: a register must
// be left in which its address can be put.
inline constexpr Row k0FRows[] = {
    {{0x00, 0x03}, kModrm, kNamed, Flags::kElsewhere, kIsMemory},  // groups 6 and 7, lar, lsl
    {{0x00, 0x03}, kModrm, kAnything},
    {0x05, kBare, kAnything, Flags::kElsewhere, kAlways, Kind::kSyscall},
    {0x06, kBare, kAnything},                                           // clts
    {0x07, kBare, kAnything, Flags::kElsewhere, kAlways, Kind::kStop},  // sysret
    {{0x08, 0x09}, kBare, kAnything},                                   // invd, wbinvd
    {0x0B, kBare, kNone, Flags::kElsewhere, kAlways, Kind::kStop},      // ud2
    {0x0D, kModrm, kNone, Flags::kElsewhere, kIsMemory},                // prefetch
    {0x0D, kModrm, kNamed},
    {0x0E, kBare, kNone},                              // femms
    {{0x10, 0x11}, kModrm, kNone, Flags::kUntouched},  // moves of vectors
    {{0x12, 0x17}, kModrm, kNone},
    {0x18, kModrm, kNone, Flags::kElsewhere, kIsMemory},  // prefetch
    {0x18, kModrm, kNamed},
    {0x19, kModrm, kNamed},                                        // nop
    {{0x1A, 0x1B}, kModrm, kNamed, Flags::kElsewhere, kIsMemory},  // bounds
    {{0x1A, 0x1B}, kModrm, kAnything},
    {{0x1C, 0x1F}, kModrm, kNamed},                                        // nop, endbr
    {{0x20, 0x23}, kModrmRegisters, kAnything},                            // mov cr, dr
    {{0x28, 0x29}, kModrm, kNone, Flags::kUntouched},                      // movaps
    {0x2A, kModrm, reads(kRm)},                                            // cvtsi2sd
    {{0x2C, 0x2D}, kModrm, sets_whole(kReg), Flags::kElsewhere, kHasRep},  // cvtsd2si
    {{0x2C, 0x2D}, kModrm, sets_whole(kReg), Flags::kElsewhere, kHasRepne},
    {{0x2B, 0x2F}, kModrm, kNone},
    {0x30, kBare, kAnything},                                                   // wrmsr
    {0x31, kBare, sets_part(kAx | kDx)},                                        // rdtsc
    {{0x32, 0x33}, kBare, kAnything},                                           // rdmsr, rdpmc
    {{0x34, 0x35}, kBare, kAnything, Flags::kElsewhere, kAlways, Kind::kStop},  // sysenter, sysexit
    {0x37, kBare, kAnything},                                                   // getsec

    {{0x40, 0x4F}, kModrm, reads(kReg | kRm), Flags::kCondition},  // cmov
    {0x50, kModrm, sets_whole(kReg)},                              // movmskps
    {0x57, kModrm, kNone, Flags::kUntouched},                      // xorps
    {0x6E, kModrm, reads(kRm), Flags::kUntouched},                 // movd
    {0x6F, kModrm, kNone, Flags::kUntouched},
    {{0x51, 0x6D}, kModrm, kNone},
    {{0x70, 0x73}, kModrmImm8, kNone},
    {{0x74, 0x76}, kModrm, kNone},
    {0x77, kBare, kNone},                                             // emms
    {0x78, kModrmImm16, kNamed, Flags::kElsewhere, kHasOperandSize},  // extrq: two bytes
    {0x78, kModrmImm16, kNamed, Flags::kElsewhere, kHasRepne},        // insertq: two bytes
    {{0x78, 0x79}, kModrm, kNamed, Flags::kElsewhere, kIsMemory},     // vmread, vmwrite
    {{0x78, 0x79}, kModrm, kAnything},
    {{0x7C, 0x7D}, kModrm, kNone},
    {0x7E, kModrm, kNone, Flags::kUntouched, kHasRep},   // movq of vectors
    {0x7E, kModrm, sets_whole(kRm), Flags::kUntouched},  // movd
    {0x7F, kModrm, kNone, Flags::kUntouched},

    {{0x80, 0x8F}, kImm32, kNone, Flags::kCondition, kAlways, Kind::kCondJump},
    {{0x90, 0x9F}, kModrm, sets_part(kRmByte), Flags::kCondition},  // setcc
    {{0xA0, 0xA1}, kBare, reads(kSp)},                              // push, pop fs
    {0xA2, kBare, sets_whole(kBx | kDx, kAx | kCx)},                // cpuid
    {0xA3, kModrm, reads(kReg | kRm)},                              // bt
    {0xA4, kModrmImm8, reads(kReg | kRm)},                          // shld
    {0xA5, kModrm, reads(kReg | kRm | kCx)},
    {{0xA6, 0xA7}, kModrm, kNamed, Flags::kElsewhere, kIsMemory},
    {{0xA6, 0xA7}, kModrm, kAnything},                                  // xcrypt, xstore
    {{0xA8, 0xA9}, kBare, reads(kSp)},                                  // push, pop gs
    {0xAA, kBare, kAnything, Flags::kElsewhere, kAlways, Kind::kStop},  // rsm
    {0xAB, kModrm, reads(kReg | kRm)},                                  // bts
    {0xAC, kModrmImm8, reads(kReg | kRm)},                              // shrd
    {0xAD, kModrm, reads(kReg | kRm | kCx)},
    {0xAE, kModrm, reads(kAx | kDx), Flags::kElsewhere, kIsMemory},  // fxsave, xsave
    {0xAE, kModrm, reads(kReg | kRm | kAx | kDx)},                   // rdfsbase, umonitor
    {0xAF, kModrm, reads(kReg | kRm)},                               // imul

    {0xB0, kModrm, reads(kRegByte | kRmByte | kAx)},  // cmpxchg
    {0xB1, kModrm, reads(kReg | kRm | kAx)},
    {{0xB4, 0xB5}, kModrm, kNamed, Flags::kElsewhere, kIsMemory},  // lfs, lgs
    {{0xB4, 0xB5}, kModrm, kAnything},
    {{0xB6, 0xBE, 8}, kModrm, sets(kReg, kRmByte), Flags::kUntouched},  // movzx, movsx
    {{0xB7, 0xBF, 8}, kModrm, sets(kReg, kRm), Flags::kUntouched},
    {0xB8, kModrm, sets(kReg, kRm), Flags::kElsewhere, kHasRep},  // popcnt
    {0xB2, kModrm, kNamed, Flags::kElsewhere, kIsMemory},         // lss
    {0xB2, kModrm, kAnything},
    {0xB9, kModrm, kNamed, Flags::kElsewhere, kIsMemory, Kind::kStop},  // ud1
    {0xB9, kModrm, kAnything, Flags::kElsewhere, kAlways, Kind::kStop},
    {0xBA, kModrmImm8, reads(kRm)},                // bt to btc
    {{0xB3, 0xBB, 8}, kModrm, reads(kReg | kRm)},  // btr, btc
    {{0xBC, 0xBD}, kModrm, reads(kReg | kRm)},     // bsf, bsr: unchanged where the source is 0
    {0xC0, kModrm, reads(kRegByte | kRmByte)},     // xadd
    {0xC1, kModrm, reads(kReg | kRm)},
    {0xC2, kModrmImm8, kNone},             // cmpps
    {0xC3, kModrm, reads(kReg)},           // movnti
    {0xC4, kModrmImm8, reads(kRm)},        // pinsrw
    {0xC5, kModrmImm8, sets_whole(kReg)},  // pextrw
    {0xC6, kModrmImm8, kNone},             // shufps
    {0xC7, kModrm, reads(kAx | kBx | kCx | kDx), Flags::kElsewhere, digit(1) & kIsMemory},
    {0xC7, kModrm, reads(kRm), Flags::kElsewhere, digit(6) & kIsRegister& kHasRep},  // senduipi
    {0xC7, kModrm, sets(kRm), Flags::kElsewhere, digit(6, 6) & kIsRegister},         // rdrand
    {0xC7, kModrm, reads(kReg | kRm | kAx | kBx | kCx | kDx)},                       // xsavec
    {{0xC8, 0xCF}, kBare, reads(kRm)},                                               // bswap

    // vectors
    {0xD6, kModrm, kNone, Flags::kUntouched},  // movq
    {0xD7, kModrm, sets_whole(kReg)},          // pmovmskb
    {0xEF, kModrm, kNone, Flags::kUntouched},  // pxor
    {0xF7, kModrm, reads(kDi)},                // maskmovq
    {{0xD0, 0xFE}, kModrm, kNone},
    {0xFF, kModrm, kNamed, Flags::kElsewhere, kIsMemory, Kind::kStop},  // ud0
    {0xFF, kModrm, kAnything, Flags::kElsewhere, kAlways, Kind::kStop},
};

inline constexpr Row k0F38Rows[] = {
    {{0x80, 0x83}, kModrm, kNamed},                                       // invept to invpcid
    {{0x00, 0xCF}, kModrm, kNone},                                        // vectors
    {{0xDB, 0xDF}, kModrm, reads(kAx), Flags::kElsewhere, kHasRep},       // loadiwkey
    {{0xDB, 0xDF}, kModrm, kNone},                                        // aes
    {0xF0, kModrm, reads(kReg | kRmByte), Flags::kElsewhere, kHasRepne},  // crc32
    {0xF0, kModrm, sets(kReg)},                                           // movbe
    {0xF1, kModrm, reads(kReg | kRm), Flags::kElsewhere, kHasRepne},
    {0xF1, kModrm, reads(kReg)},
    {{0xD0, 0xFF}, kModrm, kNamed},
};

inline constexpr Row k0F3ARows[] = {
    {{0x14, 0x17}, kModrmImm8, sets_whole(kRm)},  // pextrb to extractps
    {{0x20, 0x22, 2}, kModrmImm8, reads(kRm)},    // pinsrb, pinsrd
    {{0x00, 0x5F}, kModrmImm8, kNone},
    {{0x60, 0x63}, kModrmImm8, reads(kAx | kDx | kCx)},   // pcmpestrm to pcmpistri
    {0xCC, kModrmImm8, kNone},                            // sha1rnds4
    {{0xCE, 0xCF}, kModrmImm8, kNone},                    // gf2p8affine
    {0xDF, kModrmImm8, kNone},                            // aeskeygenassist
    {{0x64, 0xFF}, kModrmImm8, reads(kReg | kRm | kAx)},  // hreset
};

/// The opcode, behind the operands, is not looked at.
inline constexpr Row k3dNowRows[] = {{{0x00, 0xFF}, kModrmImm8, kNone}};

}  // namespace weft::x86::isa
