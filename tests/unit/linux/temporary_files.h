// A folder of files that goes with its test.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace weft::linux {

class TemporaryFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weft_unit_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0755) {
    std::ofstream(path(name), std::ios::binary) << text;
    EXPECT_EQ(chmod(path(name).c_str(), mode), 0);
    return path(name);
  }
  std::string write(const std::string& name, const std::vector<uint8_t>& bytes) {
    return write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  std::string folder_;
};

}  // namespace weft::linux
