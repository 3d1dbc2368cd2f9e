#include "translate/instrument.h"

#include <cstdlib>

namespace weft::translate {

const CallSite& Instrumenter::missing_site(const PlannedBlock& /*block*/,
                                           std::unique_ptr<FragmentData>& /*data*/) {
  CHECK(false && "whoever leaves versions out makes them when they are asked for");
  std::abort();
}

}  // namespace weft::translate
