#include "calls/call_stack.h"

#include <gtest/gtest.h>

namespace weft::tools {
namespace {

constexpr CallEdge kOuter{0x10, 0x100};
constexpr CallEdge kInner{0x110, 0x200};

TEST(CallStack, a_call_costs_what_was_executed_until_its_return) {
  CallStack stack;
  stack.call(kOuter, 0x1000, 5);
  stack.call(kInner, 0xf00, 10);
  stack.returned(0xf00 - 8, 17);
  stack.returned(0x1000 - 8, 30);
  EXPECT_EQ(stack.costs().at(kInner).inclusive, 7U);
  EXPECT_EQ(stack.costs().at(kOuter).inclusive, 25U);
}

TEST(CallStack, frames_that_were_jumped_out_of_end_with_the_next_call_from_further_up) {
  CallStack stack;
  stack.call(kOuter, 0x1000, 0);
  stack.call(kInner, 0xf00, 10);
  stack.call(kOuter, 0x1000, 40);
  EXPECT_EQ(stack.costs().at(kInner).inclusive, 30U);
  EXPECT_EQ(stack.costs().at(kOuter).calls, 1U);
  stack.finish(50);
  EXPECT_EQ(stack.costs().at(kOuter).calls, 2U);
  EXPECT_EQ(stack.costs().at(kOuter).inclusive, 50U);
}

TEST(CallStack, a_return_without_a_call_is_nothing) {
  CallStack stack;
  stack.returned(0x1000, 10);
  stack.finish(20);
  EXPECT_TRUE(stack.costs().empty());
}

TEST(CallStack, a_stubs_call_is_a_call_of_what_it_jumps_to) {
  CallStack stack;
  stack.call(kOuter, 0x1000, 0);
  stack.forwarded(0x300);
  stack.returned(0xff8, 9);
  EXPECT_EQ(stack.costs().at({0x10, 0x300}).inclusive, 9U);
}

}  // namespace
}  // namespace weft::tools
