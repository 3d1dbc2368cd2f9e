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
  uint8_t size = 0;           ///< kMemoryValue: bytes
};

struct CallSite : translate::CallSite {
  /// If there is no function.
  enum class Purpose : uint8_t { kFlush, kNewCase, kMissingVersions };
  Purpose purpose = Purpose::kFlush;
  Versions versions;                ///< not kFlush: by which the block at `pc` is switched
  uint32_t buffer = 0;              ///< kFlush
  std::vector<Argument> arguments;  ///< six at most
};

/// What tools' additions to one fragment own. Addresses are stable.
struct Additions : translate::FragmentData {
  CallSite& new_site() { return sites.emplace_front(); }

  /// Most fragments have few or none.
  std::forward_list<CallSite> sites;
};

/// For translate::CallSite::make_arguments, if is_light(). Uses general registers only, but
/// for what sanitizers add: Callees tells.
void make_light_arguments(const translate::CallSite& place, translate::ThreadBlock& block,
                          uint64_t* six);
/// Whether make_light_arguments() knows all that the call takes.
bool is_light(const CallSite& site);

/// The address of a memory operand with the registers in `context`.
uint64_t effective_address(const x86::MemoryOperand& memory, const x86::CpuContext& context);

}  // namespace weft::tool
