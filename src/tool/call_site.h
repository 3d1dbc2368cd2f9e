// A clean call's place: what to call with which arguments. Owned by the additions of its fragment;
// constant once the fragment is published, read by any thread.
#pragma once

#include <cstdint>
#include <forward_list>
#include <vector>

#include "translate/instrument.h"
#include "weft/block.h"
#include "weft/versions.h"

namespace weft::tool {

struct Argument {
  Value::Kind kind = Value::Kind::kConstant;
  uint64_t number = 0;
  x86::MemoryOperand memory;  ///< kMemoryAddress, kMemoryValue
  uint8_t size = 8;           ///< kMemoryValue, kRegister, kBranchTaken: bytes
  uint8_t shift = 0;          ///< kRegister: bits that are left out below
  bool in_block = false;      ///< `memory` is in the thread's block, at its displacement
  const x86::OperandInfo* operand = nullptr;  ///< kAccesses: owned as the call site is
};

struct CallSite : translate::CallSite {
  /// If there is no function.
  enum class Purpose : uint8_t { kFlush, kNewCase, kMissingVersions };
  Purpose purpose = Purpose::kFlush;
  /// Not kFlush: by which the block at `pc` is switched; of kMissingVersions, if by one set alone.
  Versions versions;
  uint32_t part = 0;                ///< kNewCase: the part of the block that the site is in
  uint32_t buffer = 0;              ///< kFlush
  std::vector<Argument> arguments;  ///< of lists 16 at most, of all others six
};

/// What tools' additions to one fragment own. Addresses are stable.
struct Additions : translate::FragmentData {
  CallSite& new_site() { return sites.emplace_front(); }
  const x86::OperandInfo& keep(const x86::OperandInfo& operand) {
    return operands.emplace_front(operand);
  }

  /// Most fragments have few or none.
  std::forward_list<CallSite> sites;
  std::forward_list<x86::OperandInfo> operands;
};

/// For translate::CallSite::make_arguments, if saves_little(). Uses general registers only, but
/// for what sanitizers add: Callees tells.
void make_light_arguments(const translate::CallSite& place, translate::ThreadBlock& block,
                          uint64_t* six);
class Callees;
/// Whether `function` and make_light_arguments() for it are such that no vector state is saved.
bool saves_little(const CallSite& site, Callees& callees);

/// What `argument` is of a register, and the address of what it is in memory, with the registers in
/// `block`. General registers only, as above.
uint64_t register_value(const Argument& argument, const x86::CpuContext& context);
/// Whether a jump by the ConditionCode `argument.number` is taken; `argument.size`: bytes of rcx.
bool is_taken(const Argument& argument, const x86::CpuContext& context);
uint64_t effective_address(const Argument& argument, const translate::ThreadBlock& block);

}  // namespace weft::tool
