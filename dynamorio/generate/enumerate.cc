#include "generate/enumerate.h"

#include <algorithm>
#include <vector>

namespace weft::dynamorio {
namespace {

using Bytes = std::vector<uint8_t>;

// What follows the opcode when it is no ModRM byte: a SIB byte, displacements, immediates. All
// small and different.
constexpr std::array<uint8_t, 10> kTail = {0x51, 0x12, 0x13, 0x14, 0x15,
                                           0x16, 0x17, 0x18, 0x19, 0x1a};

class Enumerator {
 public:
  explicit Enumerator(const std::function<void(const Decoded&)>& found) : found_(found) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  void legacy();
  void vex();
  void evex();
  void xop();

 private:
  void all_of_opcode(const Bytes& front, bool every_modrm);
  void decode(const Bytes& front, uint8_t modrm, uint8_t sib);

  ZydisDecoder decoder_{};
  const std::function<void(const Decoded&)>& found_;
};

void Enumerator::decode(const Bytes& front, uint8_t modrm, uint8_t sib) {
  Decoded decoded;
  decoded.bytes.fill(0x21);
  std::ranges::copy(front, decoded.bytes.begin());
  decoded.bytes[front.size()] = modrm;
  const size_t room = std::min(kTail.size(), decoded.bytes.size() - front.size() - 1);
  std::copy_n(kTail.begin(), room, decoded.bytes.begin() + static_cast<long>(front.size()) + 1);
  if (front.size() + 1 < decoded.bytes.size()) decoded.bytes[front.size() + 1] = sib;
  if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, decoded.bytes.data(), decoded.bytes.size(),
                                          &decoded.instruction, decoded.operands.data()))) {
    found_(decoded);
  }
}

void Enumerator::all_of_opcode(const Bytes& front, bool every_modrm) {
  for (unsigned reg = 0; reg < 8; ++reg) {
    for (const unsigned rm : {0U, 1U, 4U}) decode(front, static_cast<uint8_t>(reg << 3 | rm), 0x51);
    for (unsigned rm = 0; rm < 8; ++rm) {
      if (every_modrm || rm == 1) decode(front, static_cast<uint8_t>(0xc0 | reg << 3 | rm), 0x51);
    }
  }
}

void Enumerator::legacy() {
  const std::array<Bytes, 4> maps = {Bytes{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
  for (const Bytes& map : maps) {
    for (const Bytes& prefix : {Bytes{}, {0x66}, {0xf2}, {0xf3}, {0xf3, 0x66}, {0xf2, 0x66}}) {
      for (const Bytes& rex : {Bytes{}, {0x48}}) {
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
          Bytes front = prefix;
          front.insert(front.end(), rex.begin(), rex.end());
          front.insert(front.end(), map.begin(), map.end());
          front.push_back(static_cast<uint8_t>(opcode));
          all_of_opcode(front, true);
        }
      }
    }
  }
  for (unsigned opcode = 0; opcode < 256; ++opcode) {  // 3DNow!: the opcode is the last byte
    Decoded decoded{};
    decoded.bytes = {0x0f, 0x0f, 0xc1, static_cast<uint8_t>(opcode)};
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, decoded.bytes.data(), decoded.bytes.size(),
                                            &decoded.instruction, decoded.operands.data()))) {
      found_(decoded);
    }
  }
}

// An inverted register number of 2 in vvvv; some forms need none (all ones).
constexpr std::array<unsigned, 2> kVvvv = {0xd, 0xf};

void Enumerator::vex() {
  for (unsigned map = 1; map <= 3; ++map) {
    for (unsigned rest = 0; rest < 16; ++rest) {  // W, L, pp
      for (const unsigned vvvv : kVvvv) {
        const unsigned third = (rest & 8) << 4 | vvvv << 3 | (rest & 7);
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
          all_of_opcode({0xc4, static_cast<uint8_t>(0xe0 | map), static_cast<uint8_t>(third),
                         static_cast<uint8_t>(opcode)},
                        false);
        }
      }
    }
  }
}

void Enumerator::xop() {
  for (unsigned map = 8; map <= 10; ++map) {
    for (unsigned rest = 0; rest < 4; ++rest) {  // W, L
      for (const unsigned vvvv : kVvvv) {
        const unsigned third = (rest & 2) << 6 | vvvv << 3 | (rest & 1) << 2;
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
          all_of_opcode({0x8f, static_cast<uint8_t>(0xe0 | map), static_cast<uint8_t>(third),
                         static_cast<uint8_t>(opcode)},
                        false);
        }
      }
    }
  }
}

void Enumerator::evex() {
  for (const unsigned map : {1U, 2U, 3U, 5U, 6U}) {
    for (unsigned pp = 0; pp < 4; ++pp) {
      for (unsigned rest = 0; rest < 8; ++rest) {  // W, LL
        for (const unsigned vvvv : kVvvv) {
          for (const unsigned mask :
               {0U, 1U, 0x10U, 0x81U}) {  // none, k1, broadcast or rounding, k1 and zeroing
            const unsigned second = 0xf0 | map;
            const unsigned third = (rest & 4) << 5 | vvvv << 3 | 4 | pp;
            const unsigned fourth = (rest & 3) << 5 | 8 | (mask & 0x97);
            if ((rest & 3) == 3 && mask != 0x10) continue;
            for (unsigned opcode = 0; opcode < 256; ++opcode) {
              all_of_opcode({0x62, static_cast<uint8_t>(second), static_cast<uint8_t>(third),
                             static_cast<uint8_t>(fourth), static_cast<uint8_t>(opcode)},
                            false);
            }
          }
        }
      }
    }
  }
}

}  // namespace

void for_each_form(const std::function<void(const Decoded&)>& found) {
  Enumerator enumerator(found);
  enumerator.legacy();
  enumerator.vex();
  enumerator.xop();
  enumerator.evex();
}

}  // namespace weft::dynamorio
