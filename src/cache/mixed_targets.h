// Indirect branch targets in the shadow map where there is one, in the hash table elsewhere. Any
// thread, as IndirectTargets says.
#pragma once

#include "cache/hash_targets.h"
#include "cache/shadow_map.h"

namespace weft::cache {

class MixedTargets final : public IndirectTargets {
 public:
  MixedTargets(ShadowMap& shadow, HashTargets& hash) : shadow_(shadow), hash_(hash) {}

  bool publish(AppPc target, CachePc entry) override {
    if (shadow_.has_shadow(target)) return shadow_.publish(target, entry);
    // Nobody reads the table before it is ready, and a branch that misses publishes again.
    return hash_.is_ready() && hash_.publish(target, entry);
  }
  void retract(AppPc target) override {
    if (shadow_.has_shadow(target)) return shadow_.retract(target);
    if (hash_.is_ready()) hash_.retract(target);
  }

 private:
  ShadowMap& shadow_;
  HashTargets& hash_;
};

}  // namespace weft::cache
