#include "base/log.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Log, is_off_until_configured) {
  const Logger logger;
  EXPECT_FALSE(logger.may_log(LogLevel::kError));
}

TEST(Log, a_bare_level_holds_for_every_module) {
  Logger logger;
  ASSERT_TRUE(logger.configure("info"));
  EXPECT_TRUE(logger.enabled("run", LogLevel::kInfo));
  EXPECT_FALSE(logger.enabled("run", LogLevel::kDebug));
}

TEST(Log, a_module_has_a_level_of_its_own) {
  Logger logger;
  ASSERT_TRUE(logger.configure("error,run:debug,links:off"));
  EXPECT_TRUE(logger.may_log(LogLevel::kDebug));
  EXPECT_TRUE(logger.enabled("run", LogLevel::kDebug));
  EXPECT_FALSE(logger.enabled("links", LogLevel::kError));
  EXPECT_TRUE(logger.enabled("engine", LogLevel::kError));
  EXPECT_FALSE(logger.enabled("engine", LogLevel::kInfo));
}

TEST(Log, what_is_no_level_is_an_error_that_names_it) {
  for (const char* spec : {"", "loud", "run:", ":info", "run:info,", "run:info:debug"}) {
    Logger logger;
    const Status status = logger.configure(spec);
    ASSERT_FALSE(status) << spec;
    EXPECT_NE(status.error().message.find("--log"), std::string::npos);
  }
}

TEST(Log, the_module_is_the_file_without_folder_and_ending) {
  static_assert(log_module("/a/src/engine/run.cc") == "run");
  static_assert(log_module("run.h") == "run");
  static int evaluated = 0;
  WEFT_LOG(kDebug, "{}", ++evaluated);
  EXPECT_EQ(evaluated, 0) << "arguments of a line that is off";
}

}  // namespace
}  // namespace weft
