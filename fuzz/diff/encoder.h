// Random encodings of every instruction that computes: bytes drawn map by map, and kept if Zydis
// says that they are defined, that this CPU has them, and that they touch only what they may. Owned
// by one generator; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "code_buffer.h"
#include "random.h"

namespace fuzz {

/// What a sequence must not do while it runs.
struct Rules {
  unsigned base = 3;   ///< holds an address in the middle of the data region
  uint16_t keep = 0;   ///< registers that must not change (rsp and base always)
  bool memory = true;  ///< memory operands are allowed
  bool stack = true;   ///< so are push and pop
};

/// How often each instruction was generated.
using Coverage = std::map<std::string, uint64_t>;

class Encoder {
 public:
  Encoder(const Layout& layout, Coverage* coverage);

  /// Emits one instruction (with one that loads an index register before it, perhaps).
  void emit(CodeBuffer& out, Random& random, const Rules& rules);

 private:
  struct Candidate;
  struct Address;

  void draw(Candidate& candidate, Random& random, const Rules& rules);
  void draw_legacy(Candidate& candidate, Random& random);
  void draw_vex(Candidate& candidate, Random& random);
  void draw_evex(Candidate& candidate, Random& random);
  void draw_address(Address& address, Random& random, const Rules& rules);
  bool acceptable(const Candidate& candidate, Random& random, const Rules& rules, uint8_t& length);

  Layout layout_;
  Coverage* coverage_;
};

}  // namespace fuzz
