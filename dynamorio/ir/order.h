// Which of the decoder's operands clients see as destinations and as sources, and in which order.
// Used by the generator too: it includes nothing generated.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>
#include <span>

namespace weft::dynamorio {

/// Below kMade: the index of one of the decoder's operands. Otherwise a register that the decoder
/// does not name.
using Item = uint8_t;
constexpr Item kMade = 0x40;
constexpr Item kRsi = kMade;  // as wide as addresses are
constexpr Item kRdi = kMade + 1;
constexpr Item kRcx = kMade + 2;
constexpr Item kAh = kMade + 3;
constexpr Item kAl = kMade + 4;
constexpr Item kRsp = kMade + 5;
constexpr Item kRbp = kMade + 6;

struct Order {
  std::array<Item, 16> destinations{};
  std::array<Item, 16> sources{};
  uint8_t num_destinations = 0;
  uint8_t num_sources = 0;

  void destination(size_t item) { destinations[num_destinations++] = static_cast<Item>(item); }
  void source(size_t item) { sources[num_sources++] = static_cast<Item>(item); }
};

/// `reads_destination`: whether the instruction reads its first operand without a mask too.
Order order_of(const ZydisDecodedInstruction& instruction,
               std::span<const ZydisDecodedOperand> operands, bool reads_destination);

/// Whether `operand` is one that clients see at all.
bool is_seen(const ZydisDecodedOperand& operand);

/// EFLAGS_READ_* and EFLAGS_WRITE_*.
uint32_t eflags_of(const ZydisDecodedInstruction& instruction);

}  // namespace weft::dynamorio
