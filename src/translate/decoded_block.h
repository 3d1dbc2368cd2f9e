// Third stage: the plan of a block, which is its instructions. Everything is emitted from a plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "translate/instruction.h"

namespace weft::translate {

class PathPolicy;
class Layout;
class Source;

/// A basic block, or what is translated of it. Its instructions' bytes are the source's copy.
struct DecodedBlock {
  AppPc tag;
  std::vector<Instruction> instructions;

  bool empty() const { return instructions.empty(); }
  size_t size() const { return instructions.size(); }
  AppPc end() const { return empty() ? tag : instructions.back().next(); }
  AppRange range() const { return {tag, end()}; }
};

/// Where a block ends if no transfer of control ends it.
struct BlockLimits {
  size_t instructions = SIZE_MAX;
  bool where_it_meets = true;  ///< at another instruction of the fragment
};

/// The block at `tag`, which the source has begun. It ends with the first transfer of control, or
/// in front of a call that another fragment has, of what cannot be fetched, or is checked: the
/// fault comes when the program gets there, and checked code is entered by its check. It may be
/// empty.
void decode_block(Source& source, const PathPolicy& policy, const Layout& layout, AppPc tag,
                  const BlockLimits& limits, DecodedBlock& block);

/// The checked block at `tag`, of `bytes`, which were copied there: it ends also behind an
/// instruction that may write memory, which may be the next instruction's, and at a page's end.
void decode_checked_block(std::span<const uint8_t> bytes, AppPc tag, const BlockLimits& limits,
                          DecodedBlock& block);
/// How many of `available` bytes a checked block is of.
size_t checked_size(const DecodedBlock& block, size_t available);
/// Whether a checked block may be part of a loop, so that its runs are counted.
bool may_loop(const DecodedBlock& block);

}  // namespace weft::translate
