// Comparison with what a golden file says. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace weft::translate {

/// With WEFT_UPDATE_GOLDEN in the environment, the file is written instead.
inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(WEFT_GOLDEN_DIR) + "/" + name + ".txt";
  if (std::getenv("WEFT_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << actual;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " is missing; WEFT_UPDATE_GOLDEN=1 makes it";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str()) << name;
}

}  // namespace weft::translate
