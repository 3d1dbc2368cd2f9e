#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/lock_order.h"

namespace weft::engine {
namespace {

const char* words_of(AtFork at_fork) {
  switch (at_fork) {
    case AtFork::kTaken:
      return "taken";
    case AtFork::kIfThere:
      return "taken, if there";
    case AtFork::kByGate:
      return "by the gate";
    case AtFork::kNotTaken:
      return "no";
  }
  return "";
}

TEST(Locks, ArePutIntoTheirOrderByTheDocs) {
  std::vector<std::string> documented;
  std::ifstream file(WEFT_SOURCE "/docs/locks.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| ") || line.starts_with("| lock |") || line.starts_with("| ---"))
      continue;
    const size_t name = line.find(" |", 2);
    const size_t last = line.rfind(" |");
    const size_t before = line.rfind("| ", last - 1);
    documented.push_back(line.substr(2, name - 2) + ": " +
                         line.substr(before + 2, last - before - 2));
  }
  std::vector<std::string> listed;
  for (uint8_t i = 0; i < static_cast<uint8_t>(LockRank::kCount); ++i) {
    listed.push_back(std::string(name_of(LockRank{i})) + ": " + words_of(at_fork(LockRank{i})));
  }
  EXPECT_EQ(documented, listed);
}

}  // namespace
}  // namespace weft::engine
