#include "ext/drbbdup/cases.h"

#include <algorithm>

namespace weft::dynamorio::drbbdup {

bool BlockCases::has(uintptr_t encoding) const {
  return encoding == default_case ||
         std::find(others.begin(), others.end(), encoding) != others.end();
}

void DynamicCases::extend(void* tag, BlockCases& cases, size_t limit) {
  const std::lock_guard held(mutex_);
  Entry& entry = blocks_[tag];
  entry.known = cases.others.size();
  for (const uintptr_t each : entry.cases) {
    if (!cases.has(each)) cases.others.push_back(each);
  }
  if (entry.ended || (limit != 0 && cases.others.size() >= limit)) cases.dynamic = false;
}

bool DynamicCases::met(void* tag, uintptr_t encoding, unsigned threshold, size_t limit,
                       bool& ends) {
  const std::lock_guard held(mutex_);
  Entry& entry = blocks_[tag];
  if (entry.ended) return false;
  const bool known =
      std::find(entry.cases.begin(), entry.cases.end(), encoding) != entry.cases.end();
  if (known || (limit != 0 && entry.known + entry.cases.size() >= limit)) return false;
  if (++entry.hits[encoding] < threshold) return false;
  entry.cases.push_back(encoding);
  entry.hits.erase(encoding);
  entry.ended = ends;
  return true;
}

Pass& pass() {
  static thread_local Pass pass;
  return pass;
}

}  // namespace weft::dynamorio::drbbdup
