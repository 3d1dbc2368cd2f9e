// Every opcode of every map, under every prefix, held against Zydis.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>

#include "against_zydis.h"
#include "x86/decode.h"
#include "x86/disassembler.h"

namespace weft::x86 {
namespace {

constexpr uint64_t kSeed = 20240517;

/// Collects the bytes of one input and compares; what follows the given bytes is random.
class Input {
 public:
  Input(std::mt19937_64& random, int& failures) : random_(random), failures_(failures) {}

  void start() { size_ = 0; }
  void add(std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) bytes_[size_++] = static_cast<uint8_t>(byte);
  }
  size_t mark() const { return size_; }
  void rewind(size_t mark) { size_ = mark; }

  void compare() {
    const uint64_t tail[2] = {random_(), random_()};
    std::memcpy(bytes_.data() + size_, tail, sizeof tail);
    const std::string what = difference_from_zydis(bytes_.data(), 16);
    if (what.empty()) return;
    if (++failures_ <= 20) ADD_FAILURE() << what;
  }

 private:
  std::mt19937_64& random_;
  int& failures_;
  std::array<uint8_t, 40> bytes_ = {};
  size_t size_ = 0;
};

class Enumeration : public testing::Test {
 protected:
  std::mt19937_64 random_{kSeed};
  int failures_ = 0;
  Input input_{random_, failures_};

  void legacy_opcodes(std::initializer_list<unsigned> modrms) {
    const size_t mark = input_.mark();
    for (const int map : {0, 1, 2, 3}) {
      for (unsigned opcode = 0; opcode < 256; ++opcode) {
        if (map == 1 && (opcode == 0x38 || opcode == 0x3A)) continue;
        input_.rewind(mark);
        if (map >= 1) input_.add({0x0F});
        if (map == 2) input_.add({0x38});
        if (map == 3) input_.add({0x3A});
        input_.add({opcode});
        const size_t body = input_.mark();
        for (const unsigned modrm : modrms) {
          input_.rewind(body);
          input_.add({modrm});
          input_.compare();
        }
        for (unsigned modrm = 0; modrms.size() == 0 && modrm < 256; ++modrm) {
          input_.rewind(body);
          input_.add({modrm});
          input_.compare();
        }
      }
    }
  }
};

TEST_F(Enumeration, LegacyOpcodesAgreeForEveryModrmUnderEachMandatoryPrefix) {
  for (const unsigned prefix : {0u, 0x66u, 0xF2u, 0xF3u}) {
    for (const unsigned rex : {0u, 0x48u, 0x45u}) {
      input_.start();
      if (prefix != 0) input_.add({prefix});
      if (rex != 0) input_.add({rex});
      legacy_opcodes({});
    }
  }
}

TEST_F(Enumeration, LegacyOpcodesAgreeUnderEveryCombinationOfPrefixes) {
  constexpr unsigned kPrefixes[] = {0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x65, 0x2E};
  for (unsigned set = 0; set < 128; ++set) {
    for (const unsigned rex : {0u, 0x40u, 0x4Fu}) {
      input_.start();
      for (unsigned at = 0; at < 7; ++at) {
        if (set >> at & 1) input_.add({kPrefixes[at]});
      }
      if (rex != 0) input_.add({rex});
      legacy_opcodes({0x04, 0x05, 0x4C, 0x91, 0xC1, 0xF8});
    }
  }
}

TEST_F(Enumeration, PrefixesAgreeInEveryOrderIncludingRexThatIsNotLast) {
  constexpr unsigned kPrefixes[] = {0x66, 0x67, 0xF2, 0xF3, 0x64, 0x65, 0x3E, 0x48, 0x41, 0xF0};
  for (const unsigned first : kPrefixes) {
    for (const unsigned second : kPrefixes) {
      for (const unsigned third : kPrefixes) {
        for (const unsigned opcode :
             {0x8Bu, 0xB8u, 0xC7u, 0xE9u, 0x74u, 0xFFu, 0xA1u, 0x68u, 0x0Fu}) {
          input_.start();
          input_.add({first, second, third, opcode});
          for (int repeat = 0; repeat < 20; ++repeat) input_.compare();
        }
      }
    }
  }
}

TEST_F(Enumeration, VexOpcodesAgreeForEveryModrm) {
  for (unsigned form = 0; form < 16; ++form) {  // W, L, pp
    for (const unsigned map : {1u, 2u, 3u}) {
      for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (unsigned modrm = 0; modrm < 256; ++modrm) {
          const auto noise = static_cast<unsigned>(random_());
          const unsigned last = (form & 8) << 4 | (form & 7) | (modrm % 3 ? 0x78 : noise & 0x78);
          input_.start();
          input_.add({0xC4, (noise >> 8 & 0xE0) | map, last, opcode, modrm});
          input_.compare();
        }
      }
    }
  }
}

TEST_F(Enumeration, TwoByteVexAndUndefinedVexMapsAgree) {
  for (unsigned payload = 0; payload < 256; ++payload) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      input_.start();
      input_.add({0xC5, payload, opcode});
      input_.compare();
      input_.start();
      input_.add({0xC4, payload, static_cast<unsigned>(random_() & 0xFF), opcode});
      input_.compare();
    }
  }
}

TEST_F(Enumeration, EvexOpcodesAgree) {
  for (unsigned form = 0; form < 8; ++form) {  // W, pp
    for (unsigned map = 0; map < 8; ++map) {
      for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (unsigned modrm = 0; modrm < 256; modrm += 3) {
          const auto noise = static_cast<unsigned>(random_());
          const unsigned p1 = (form & 4) << 5 | (form & 3) | 4 | (modrm % 2 ? 0x78 : noise & 0x78);
          const unsigned p2 = modrm % 2 ? (noise >> 8 & 0x60) | 8 : noise >> 8 & 0xFF;
          input_.start();
          input_.add({0x62, (noise >> 16 & 0xF0) | map, p1, p2, opcode, modrm});
          input_.compare();
        }
      }
    }
  }
}

TEST_F(Enumeration, XopAnd3dNowOpcodesAgree) {
  for (unsigned map = 8; map < 32; ++map) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      for (unsigned form = 0; form < 64; ++form) {
        const auto noise = static_cast<unsigned>(random_());
        input_.start();
        input_.add({0x8F, (noise & 0xE0) | map, noise >> 8 & 0xF8, opcode});
        input_.compare();
      }
    }
  }
  for (unsigned modrm = 0; modrm < 256; ++modrm) {
    for (int repeat = 0; repeat < 256; ++repeat) {
      input_.start();
      input_.add({0x0F, 0x0F, modrm});
      input_.compare();
    }
  }
}

/// The registers in which the translator may put the address of an operand that is out of reach.
constexpr uint16_t kScratchRegisters = 0xCF;

TEST(RegistersUsed, LeaveAScratchRegisterForEveryRipRelativeOperand) {
  std::mt19937_64 random(kSeed);
  for (size_t repeat = 0; repeat < 4'000'000; ++repeat) {
    std::array<uint8_t, 16> bytes;
    const uint64_t words[2] = {random(), random()};
    std::memcpy(bytes.data(), words, sizeof words);
    // Mostly 0F, VEX and EVEX.
    constexpr uint8_t kLeads[] = {0x0F, 0x0F, 0xC4, 0xC5, 0x62, 0x48, 0x66, 0x8F};
    bytes[repeat % 2] = kLeads[words[1] >> 61];
    Insn insn;
    if (!decode(bytes.data(), bytes.size(), insn) || !insn.rip_relative) continue;
    if (insn.kind == Kind::kInvalid) continue;
    ASSERT_NE(registers_used(bytes.data(), insn) & kScratchRegisters, kScratchRegisters)
        << disassemble(bytes.data(), bytes.size(), {}).text << std::hex << " opcode "
        << int{insn.opcode} << " map " << static_cast<int>(insn.map);
  }
}

TEST_F(Enumeration, RandomBytesAgree) {
  for (int repeat = 0; repeat < 2'000'000; ++repeat) {
    input_.start();
    input_.compare();
  }
}

/// True if Zydis accepts some encoding of the opcode.
bool is_defined(bool map_0f, unsigned opcode) {
  for (const unsigned prefix : {0u, 0x66u, 0xF2u, 0xF3u}) {
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
      std::array<uint8_t, 16> bytes = {};
      size_t size = 0;
      if (prefix != 0) bytes[size++] = static_cast<uint8_t>(prefix);
      if (map_0f) bytes[size++] = 0x0F;
      bytes[size++] = static_cast<uint8_t>(opcode);
      bytes[size] = static_cast<uint8_t>(modrm);
      if (inspect(bytes.data(), bytes.size())) return true;
    }
  }
  return false;
}

TEST(Decode, FindsAnOpcodeInvalidExactlyWhereZydisHasNoEncodingOfIt) {
  for (const bool map_0f : {false, true}) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      // Leads of other maps are no opcodes; tests of their own cover them.
      const bool lead =
          opcode == 0x0F || (!map_0f && (opcode == 0x62 || opcode == 0xC4 || opcode == 0xC5));
      if (lead) continue;
      bool ours = false;
      for (const unsigned prefix : {0u, 0xF3u}) {
        for (unsigned modrm = 0; modrm < 256; ++modrm) {
          std::array<uint8_t, 16> bytes = {};
          size_t size = 0;
          if (prefix != 0) bytes[size++] = static_cast<uint8_t>(prefix);
          if (map_0f) bytes[size++] = 0x0F;
          bytes[size++] = static_cast<uint8_t>(opcode);
          bytes[size] = static_cast<uint8_t>(modrm);
          Insn insn;
          ours |= decode(bytes.data(), bytes.size(), insn) && insn.kind != Kind::kInvalid;
        }
      }
      EXPECT_EQ(ours, is_defined(map_0f, opcode)) << (map_0f ? "0F " : "") << std::hex << opcode;
    }
  }
}

}  // namespace
}  // namespace weft::x86
