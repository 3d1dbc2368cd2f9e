// A profile with calls in the format that callgrind_annotate and KCachegrind read. A value; one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace weft::tools {

/// A function as the profile names it: object file, source file ("" unknown), name.
struct ProfileFunction {
  std::string object;
  std::string file;
  std::string name;
  auto operator<=>(const ProfileFunction&) const = default;
};

class CallgrindProfile {
 public:
  /// `count` instructions executed in a line of the function itself (line 0: unknown).
  void add_cost(const ProfileFunction& function, uint32_t line, uint64_t count);
  /// `calls` calls from that line to `callee`, which took `inclusive` instructions altogether.
  void add_call(const ProfileFunction& caller, uint32_t line, const ProfileFunction& callee,
                uint64_t calls, uint64_t inclusive);
  uint64_t total() const { return total_; }
  std::string text(const std::string& command, int pid) const;

 private:
  struct Call {
    uint64_t calls = 0;
    uint64_t inclusive = 0;
  };
  struct Body {
    std::map<uint32_t, uint64_t> lines;
    std::map<std::tuple<uint32_t, ProfileFunction>, Call> calls;
  };
  std::map<ProfileFunction, Body> functions_;
  uint64_t total_ = 0;
};

}  // namespace weft::tools
