#include "tool/category.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "x86/zydis.h"

namespace weft::tool {
namespace {

TEST(Categories, OfTheDecoderAllBelongToAGroupButForSome) {
  const std::set<std::string_view> others{"INVALID", "KNC", "KNCMASK", "KNCSCALAR", "LEGACY",
                                          "MISC",    "MPX", "RDRAND",  "RDSEED",    "CLZERO"};
  for (int number = 0; number <= ZYDIS_CATEGORY_MAX_VALUE; ++number) {
    const std::string_view name =
        x86::Zydis::get().category_name(static_cast<ZydisInstructionCategory>(number));
    EXPECT_EQ(category_of(name) == Category::kOther, others.contains(name)) << name;
  }
  EXPECT_EQ(category_of("COND_BR"), Category::kConditionalJump);
  EXPECT_EQ(category_of("AVX2GATHER"), Category::kGather);
}

}  // namespace
}  // namespace weft::tool
