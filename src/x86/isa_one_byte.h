// The rows of the one-byte map. Of an opcode's rows, the first that holds counts; an opcode without
// one is undefined. Included by isa.cc alone.
#pragma once

#include "x86/isa_row.h"

namespace weft::x86::isa {

inline constexpr Row kOneByteRows[] = {
    // adc, sbb
    {{0x10, 0x18, 8}, kModrm, reads(kRmByte | kRegByte), Flags::kReplacedWithCarry},
    {{0x11, 0x19, 8}, kModrm, reads(kRm | kReg), Flags::kReplacedWithCarry},
    {{0x12, 0x1A, 8}, kModrm, reads(kRmByte | kRegByte), Flags::kReplacedWithCarry},
    {{0x13, 0x1B, 8}, kModrm, reads(kRm | kReg), Flags::kReplacedWithCarry},
    {{0x14, 0x1C, 8}, kImm8, reads(kAx), Flags::kReplacedWithCarry},
    {{0x15, 0x1D, 8}, kImm, reads(kAx), Flags::kReplacedWithCarry},
    // sub and xor of a register with itself: the result does not depend on it
    {{0x29, 0x31, 8}, kModrm, sets(kRm), Flags::kReplaced, kIsZeroing},
    {{0x2B, 0x33, 8}, kModrm, sets(kRm), Flags::kReplaced, kIsZeroing},
    // add, or, and, sub, xor, cmp
    {{0x00, 0x38, 8}, kModrm, reads(kRmByte | kRegByte), Flags::kReplaced},
    {{0x01, 0x39, 8}, kModrm, reads(kRm | kReg), Flags::kReplaced},
    {{0x02, 0x3A, 8}, kModrm, reads(kRmByte | kRegByte), Flags::kReplaced},
    {{0x03, 0x3B, 8}, kModrm, reads(kRm | kReg), Flags::kReplaced},
    {{0x04, 0x3C, 8}, kImm8, reads(kAx), Flags::kReplaced},
    {{0x05, 0x3D, 8}, kImm, reads(kAx), Flags::kReplaced},

    {{0x50, 0x57}, kBare, reads(kRm | kSp), Flags::kUntouched},  // push
    {{0x58, 0x5F}, kBare, sets(kRm, kSp), Flags::kUntouched},    // pop
    {0x63, kModrm, sets(kReg, kRm), Flags::kUntouched},          // movsxd
    {0x68, kImm, reads(kSp), Flags::kUntouched},                 // push
    {0x69, kModrmImm, sets(kReg, kRm)},                          // imul
    {0x6A, kImm8, reads(kSp), Flags::kUntouched},                // push
    {0x6B, kModrmImm8, sets(kReg, kRm)},                         // imul
    {{0x6C, 0x6D}, kBare, reads(kCount | kDx | kDi)},            // ins
    {{0x6E, 0x6F}, kBare, reads(kCount | kDx | kSi)},            // outs
    {{0x70, 0x7F}, kImm8, kNone, Flags::kCondition, kAlways, Kind::kCondJump},

    // group 1: as above
    {0x80, kModrmImm8, reads(kRmByte), Flags::kReplacedWithCarry, digit(2, 6)},
    {0x80, kModrmImm8, reads(kRmByte), Flags::kReplaced},
    {0x81, kModrmImm, reads(kRm), Flags::kReplacedWithCarry, digit(2, 6)},
    {0x81, kModrmImm, reads(kRm), Flags::kReplaced},
    {0x83, kModrmImm8, reads(kRm), Flags::kReplacedWithCarry, digit(2, 6)},
    {0x83, kModrmImm8, reads(kRm), Flags::kReplaced},
    {0x84, kModrm, reads(kRmByte | kRegByte), Flags::kReplaced},  // test
    {0x85, kModrm, reads(kRm | kReg), Flags::kReplaced},
    {0x86, kModrm, reads(kRmByte | kRegByte)},  // xchg
    {0x87, kModrm, reads(kRm | kReg)},
    {0x88, kModrm, sets_part(kRmByte, kRegByte), Flags::kUntouched},  // mov
    {0x89, kModrm, sets(kRm, kReg), Flags::kUntouched},
    {0x8A, kModrm, sets_part(kRegByte, kRmByte), Flags::kUntouched},
    {0x8B, kModrm, sets(kReg, kRm), Flags::kUntouched},
    {0x8C, kModrm, sets_part(kRm), Flags::kElsewhere, digit(0, 4)},  // mov from a segment register
    {0x8C, kModrm, sets_part(kRm), Flags::kElsewhere, digit(4, 6)},
    {0x8D, kModrmMemory, sets(kReg), Flags::kUntouched},          // lea
    {0x8E, kModrm, reads(kRm), Flags::kElsewhere, digit(0, 5)},   // mov to es, ss,
    {0x8E, kModrm, reads(kRm), Flags::kElsewhere, digit(3)},      // ds,
    {0x8E, kModrm, reads(kRm), Flags::kElsewhere, digit(4, 6)},   // fs, gs
    {0x8F, kModrm, sets(kRm, kSp), Flags::kElsewhere, digit(0)},  // pop

    {0x90, kBare, kNone, Flags::kElsewhere, kLowRegister},  // nop
    {{0x90, 0x97}, kBare, reads(kRm | kAx)},                // xchg
    {0x98, kBare, reads(kAx), Flags::kUntouched},           // cbw, cwde, cdqe
    {0x99, kBare, reads(kAx | kDx), Flags::kUntouched},     // cwd, cdq, cqo
    {0x9B, kBare, kNone},                                   // fwait
    {{0x9C, 0x9D}, kBare, reads(kSp)},                      // pushf, popf
    {{0x9E, 0x9F}, kBare, reads(kAx)},                      // sahf, lahf
    {{0xA0, 0xA3}, kMoffs, reads(kAx)},                     // mov
    {{0xA4, 0xA7}, kBare, reads(kCount | kSi | kDi)},       // movs, cmps
    {0xA8, kImm8, reads(kAx), Flags::kReplaced},            // test
    {0xA9, kImm, reads(kAx), Flags::kReplaced},
    {{0xAA, 0xAB}, kBare, reads(kCount | kAx | kDi)},              // stos
    {{0xAC, 0xAD}, kBare, reads(kCount | kAx | kSi)},              // lods
    {{0xAE, 0xAF}, kBare, reads(kCount | kAx | kDi)},              // scas
    {{0xB0, 0xB7}, kImm8, sets_part(kRmByte), Flags::kUntouched},  // mov
    {{0xB8, 0xBF}, kImmFull, sets(kRm), Flags::kUntouched},

    // group 2: shifts and rotations
    {0xC0, kModrmImm8, reads(kRmByte)},
    {0xC1, kModrmImm8, reads(kRm)},
    {0xC2, kImm16, reads(kSp), Flags::kUntouched, kAlways, Kind::kReturn},
    {0xC3, kBare, reads(kSp), Flags::kUntouched, kAlways, Kind::kReturn},
    {0xC6, kModrmImm8, sets_part(kRmByte), Flags::kUntouched, digit(0)},  // mov
    {0xC6, kModrmImm8, kAnything, Flags::kElsewhere, modrm(0xF8)},        // xabort
    {0xC7, kModrmImm, sets(kRm), Flags::kUntouched, digit(0)},            // mov
    {0xC7, kModrmImm, kAnything, Flags::kElsewhere, modrm(0xF8), Kind::kXbegin},
    {0xC8, kImmEnter, reads(kSp | kBp)},                                         // enter
    {0xC9, kBare, reads(kSp | kBp)},                                             // leave
    {0xCA, kImm16, reads(kSp), Flags::kElsewhere, kAlways, Kind::kFarTransfer},  // retf
    {0xCB, kBare, reads(kSp), Flags::kElsewhere, kAlways, Kind::kFarTransfer},
    {0xCC, kBare, kNone, Flags::kElsewhere, kAlways, Kind::kInterrupt},         // int3
    {0xCD, kImm8, kNone, Flags::kElsewhere, kAlways, Kind::kInterrupt},         // int
    {0xCF, kBare, reads(kSp), Flags::kElsewhere, kAlways, Kind::kFarTransfer},  // iret
    {0xD0, kModrm, reads(kRmByte)},
    {0xD1, kModrm, reads(kRm)},
    {0xD2, kModrm, reads(kRmByte | kCx)},
    {0xD3, kModrm, reads(kRm | kCx)},
    {0xD7, kBare, reads(kAx | kBx)},                                 // xlat
    {0xDF, kModrm, sets_part(kAx), Flags::kElsewhere, modrm(0xE0)},  // fnstsw ax
    {{0xD8, 0xDF}, kModrm, kNone},                                   // x87
    {{0xE0, 0xE3}, kImm8, reads(kCx), Flags::kElsewhere, kAlways, Kind::kLoop},
    {{0xE4, 0xE7}, kImm8, reads(kAx)},  // in, out
    {0xE8, kImm32, reads(kSp), Flags::kUntouched, kAlways, Kind::kCall},
    {0xE9, kImm32, kNone, Flags::kUntouched, kAlways, Kind::kJump},
    {0xEB, kImm8, kNone, Flags::kUntouched, kAlways, Kind::kJump},
    {{0xEC, 0xEF}, kBare, reads(kAx | kDx)},                             // in, out
    {0xF1, kBare, kNone, Flags::kElsewhere, kAlways, Kind::kInterrupt},  // int1
    {0xF4, kBare, kNone, Flags::kElsewhere, kAlways, Kind::kStop},       // hlt
    {0xF5, kBare, kNone},                                                // cmc

    // group 3
    {0xF6, kModrmImm8, reads(kRmByte), Flags::kReplaced, digit(0)},  // test
    {0xF6, kModrmImm8, reads(kRmByte), Flags::kElsewhere, digit(1)},
    {0xF6, kModrm, reads(kRmByte), Flags::kElsewhere, digit(2, 6)},  // not, neg
    {0xF6, kModrm, reads(kRmByte | kAx)},                            // mul, div
    {0xF7, kModrmImm, reads(kRm), Flags::kReplaced, digit(0)},
    {0xF7, kModrmImm, reads(kRm), Flags::kElsewhere, digit(1)},
    {0xF7, kModrm, reads(kRm), Flags::kElsewhere, digit(2, 6)},
    {0xF7, kModrm, reads(kRm | kAx | kDx)},
    {{0xF8, 0xFD}, kBare, kNone},                                           // clc to std
    {0xFE, kModrm, reads(kRmByte), Flags::kReplacedButCarry, digit(0, 6)},  // inc, dec

    // group 5
    {0xFF, kModrm, reads(kRm), Flags::kReplacedButCarry, digit(0, 6)},  // inc, dec
    {0xFF, kModrm, reads(kRm | kSp), Flags::kUntouched, digit(2), Kind::kIndirectCall},
    {0xFF, kModrm, reads(kRm | kSp), Flags::kUntouched, digit(4), Kind::kIndirectJump},
    {0xFF, kModrm, reads(kRm | kSp), Flags::kUntouched, digit(6)},  // push
    {0xFF, kModrm, reads(kSp), Flags::kElsewhere, digit(3) & kIsMemory, Kind::kFarTransfer},
    {0xFF, kModrm, reads(kSp), Flags::kElsewhere, digit(5) & kIsMemory, Kind::kFarTransfer},
};

}  // namespace weft::x86::isa
