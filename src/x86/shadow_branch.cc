#include "x86/shadow_branch.h"

#include <cstring>

namespace weft::x86 {
namespace {

// Without their displacement: scale 8, index rcx, no base.
constexpr uint8_t kJump[] = {0xFF, 0x24, 0xCD};
constexpr uint8_t kPush[] = {0xFF, 0x34, 0xCD};
constexpr uint8_t kLoad[] = {0x3E, 0x48, 0x8B, 0x0C, 0xCD};
constexpr uint8_t kReturn[] = {0xC3};
static_assert(sizeof kJump + sizeof(uint32_t) == kShadowReadLength);
static_assert(sizeof kPush + sizeof(uint32_t) == kShadowReadLength);

template <size_t kSize>
bool stands_at(const uint8_t* code, const uint8_t (&expected)[kSize]) {
  return std::memcmp(code, expected, kSize) == 0;
}

template <size_t kSize>
void emit(Assembler& out, const uint8_t (&code)[kSize], uint32_t displacement) {
  out.bytes(code, kSize);
  out.u32(displacement);
}

}  // namespace

void emit_shadow_jump(Assembler& out, uint32_t displacement) { emit(out, kJump, displacement); }
bool stands_at_shadow_jump(const uint8_t* code) { return stands_at(code, kJump); }

void emit_shadow_push(Assembler& out, uint32_t displacement) { emit(out, kPush, displacement); }
bool stands_at_shadow_push(const uint8_t* code) { return stands_at(code, kPush); }

void emit_paired_return(Assembler& out) { out.bytes(kReturn, sizeof kReturn); }
bool stands_at_return(const uint8_t* code) { return stands_at(code, kReturn); }

void emit_shadow_load(Assembler& out, uint32_t displacement) { emit(out, kLoad, displacement); }
bool stands_at_shadow_load(const uint8_t* code, uint32_t displacement) {
  return stands_at(code, kLoad) &&
         std::memcmp(code + sizeof kLoad, &displacement, sizeof displacement) == 0;
}

}  // namespace weft::x86
