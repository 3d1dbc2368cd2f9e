// What a block's code records when it runs, and which accesses follow from that. Any thread.
//
// An address is recorded only if it does not follow from another one of the block: the operands of
// two instructions often have the same registers, with the same values, at different distances.
#pragma once

#include "cachesim/model.h"
#include "weft/tool.h"

namespace weft::tools {

/// All of a new block but its number. `line`: bytes in a line of the cache of instructions;
/// `longest`: more bytes of an access count as so many.
void plan_block(BlockCode& code, const Block& block, uint64_t line, uint32_t longest);
/// Adds the records that the plan counts on.
void add_records(Block& block, const BlockCode& code, Buffer buffer);

/// Whether the instruction is a string instruction with a prefix that repeats it.
bool repeats(const Instruction& instruction);

}  // namespace weft::tools
