// With WEFT_CHECK_LOCKS in the environment, all tests of this program run with the order of locks
// checked.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/lock_order.h"

namespace weft::cache::test {
namespace {

class CheckLocks final : public testing::Environment {
 public:
  void SetUp() override {
    if (std::getenv("WEFT_CHECK_LOCKS") != nullptr) check_lock_order();
  }
};
const testing::Environment* const kCheckLocks = testing::AddGlobalTestEnvironment(new CheckLocks);

}  // namespace
}  // namespace weft::cache::test
