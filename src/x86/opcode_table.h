// What follows an opcode byte in the one-byte and 0F maps, and the kind of instruction it is.
// Constants only; any thread, signal-safe. Included by decode.cc alone.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "x86/decode.h"

namespace weft::x86 {

/// The size of the immediate (or branch displacement) at the end of the instruction.
enum class Imm : uint8_t {
  kNone,
  k8,
  k16,
  k32,       ///< near branches: 4 bytes whatever the operand size (see decode.cc)
  kOperand,  ///< 4 bytes, or 2 if the operand size is 16
  kFull,     ///< as kOperand, but 8 if the operand size is 64
  kEnter,    ///< 2 + 1 bytes
  kMoffs,    ///< an absolute address of 8 bytes, or 4 with an address-size prefix
};

struct Opcode {
  Kind kind = Kind::kPlain;
  Imm imm = Imm::kNone;
  bool has_modrm = false;
  /// Prefixes or the modrm byte decide more: refine() in decode.cc.
  bool refined = false;
};

using OpcodeTable = std::array<Opcode, 256>;

namespace table_detail {

struct Range {
  uint8_t first;
  uint8_t last;
};

class Builder {
 private:
  // First, because clang evaluates constants in the order of definition.
  template <typename Change>
  constexpr void each(std::initializer_list<Range> ranges, Change change) {
    for (const Range& range : ranges) {
      for (unsigned at = range.first; at <= range.last; ++at) change(table_[at]);
    }
  }

 public:
  constexpr Builder& kind(std::initializer_list<Range> ranges, Kind kind) {
    each(ranges, [=](Opcode& opcode) { opcode.kind = kind; });
    return *this;
  }
  constexpr Builder& imm(std::initializer_list<Range> ranges, Imm imm) {
    each(ranges, [=](Opcode& opcode) { opcode.imm = imm; });
    return *this;
  }
  constexpr Builder& modrm(std::initializer_list<Range> ranges, bool has = true) {
    each(ranges, [=](Opcode& opcode) { opcode.has_modrm = has; });
    return *this;
  }
  constexpr Builder& refined(std::initializer_list<Range> ranges) {
    each(ranges, [](Opcode& opcode) { opcode.refined = true; });
    return *this;
  }
  constexpr const OpcodeTable& table() const { return table_; }

 private:
  OpcodeTable table_ = {};
};

constexpr OpcodeTable one_byte() {
  Builder b;
  for (uint8_t row = 0; row < 0x40; row = static_cast<uint8_t>(row + 8)) {
    const auto at = [row](int column) { return static_cast<uint8_t>(row + column); };
    b.modrm({{at(0), at(3)}}).imm({{at(4), at(4)}}, Imm::k8).imm({{at(5), at(5)}}, Imm::kOperand);
    b.kind({{at(6), at(7)}}, Kind::kInvalid);
  }
  return b
      .modrm({{0x63, 0x63},
              {0x69, 0x69},
              {0x6B, 0x6B},
              {0x80, 0x8F},
              {0xC0, 0xC1},
              {0xC6, 0xC7},
              {0xD0, 0xD3},
              {0xD8, 0xDF},
              {0xF6, 0xF7},
              {0xFE, 0xFF}})
      .imm({{0x6A, 0x6B},
            {0x70, 0x80},
            {0x83, 0x83},
            {0xA8, 0xA8},
            {0xB0, 0xB7},
            {0xC0, 0xC1},
            {0xC6, 0xC6},
            {0xCD, 0xCD},
            {0xE0, 0xE7},
            {0xEB, 0xEB}},
           Imm::k8)
      .imm({{0xC2, 0xC2}, {0xCA, 0xCA}}, Imm::k16)
      .imm({{0xE8, 0xE9}}, Imm::k32)
      .imm({{0x68, 0x69}, {0x81, 0x81}, {0xA9, 0xA9}, {0xC7, 0xC7}}, Imm::kOperand)
      .imm({{0xB8, 0xBF}}, Imm::kFull)
      .imm({{0xC8, 0xC8}}, Imm::kEnter)
      .imm({{0xA0, 0xA3}}, Imm::kMoffs)
      .kind({{0x60, 0x62},
             {0x82, 0x82},
             {0x9A, 0x9A},
             {0xC4, 0xC5},
             {0xCE, 0xCE},
             {0xD4, 0xD6},
             {0xEA, 0xEA}},
            Kind::kInvalid)
      .kind({{0x70, 0x7F}}, Kind::kCondJump)
      .kind({{0xC2, 0xC3}}, Kind::kReturn)
      .kind({{0xCA, 0xCB}, {0xCF, 0xCF}}, Kind::kFarTransfer)
      .kind({{0xCC, 0xCD}, {0xF1, 0xF1}}, Kind::kInterrupt)
      .kind({{0xE0, 0xE3}}, Kind::kLoop)
      .kind({{0xE8, 0xE8}}, Kind::kCall)
      .kind({{0xE9, 0xE9}, {0xEB, 0xEB}}, Kind::kJump)
      .kind({{0xF4, 0xF4}}, Kind::kStop)
      .refined({{0x8C, 0x8F}, {0xC6, 0xC7}, {0xF6, 0xF7}, {0xFE, 0xFF}})
      .table();
}

constexpr OpcodeTable map_0f() {
  return Builder()
      .modrm({{0x00, 0xFF}})
      .modrm({{0x05, 0x0C},
              {0x0E, 0x0E},
              {0x30, 0x37},
              {0x77, 0x77},
              {0x80, 0x8F},
              {0xA0, 0xA2},
              {0xA8, 0xAA},
              {0xC8, 0xCF}},
             false)
      .imm({{0x70, 0x73}, {0xA4, 0xA4}, {0xAC, 0xAC}, {0xBA, 0xBA}, {0xC2, 0xC2}, {0xC4, 0xC6}},
           Imm::k8)
      .imm({{0x80, 0x8F}}, Imm::k32)
      .kind({{0x04, 0x04},
             {0x0A, 0x0A},
             {0x0C, 0x0C},
             {0x24, 0x27},
             {0x36, 0x36},
             {0x39, 0x39},
             {0x3B, 0x3F},
             {0x7A, 0x7B}},
            Kind::kInvalid)
      .kind({{0x05, 0x05}}, Kind::kSyscall)
      .kind({{0x07, 0x07}, {0x0B, 0x0B}, {0x34, 0x35}, {0xAA, 0xAA}, {0xB9, 0xB9}, {0xFF, 0xFF}},
            Kind::kStop)
      .kind({{0x80, 0x8F}}, Kind::kCondJump)
      .refined({{0x20, 0x23}, {0x78, 0x78}, {0xB8, 0xB8}})
      .table();
}

}  // namespace table_detail

inline constexpr OpcodeTable kOneByteMap = table_detail::one_byte();
inline constexpr OpcodeTable k0FMap = table_detail::map_0f();

}  // namespace weft::x86
