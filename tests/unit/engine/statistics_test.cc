#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "cache/stats.h"
#include "engine/counters.h"
#include "engine/report.h"

namespace weft::engine {
namespace {

std::string page() {
  std::ifstream file(WEFT_SOURCE "/docs/statistics.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <typename Row>
std::string documented(const Row& row) {
  return std::string("| `") + row.name + "` | " + row.meaning + " |\n";
}

TEST(Statistics, StandInTheDocumentationWithTheirMeaning) {
  const std::string text = page();
  for (const auto& row : kThreadStatistics) {
    EXPECT_NE(text.find(documented(row)), std::string::npos) << documented(row);
  }
  for (const auto& row : cache::kCacheStatistics) {
    EXPECT_NE(text.find(documented(row)), std::string::npos) << documented(row);
  }
}

TEST(Statistics, OfTwoThreadsAreAddedUpFieldByField) {
  ThreadCounters sum;
  ThreadCounters other;
  uint64_t value = 0;
  for (const ThreadStatistic& row : kThreadStatistics) {
    sum.*row.field = 1000;
    other.*row.field = ++value;
  }
  sum.add(other);
  value = 1000;
  for (const ThreadStatistic& row : kThreadStatistics) {
    EXPECT_EQ(sum.*row.field, ++value) << row.name;
  }
}

TEST(Statistics, AreReportedOnceEach) {
  const std::string json = to_json(Report{});
  for (const ThreadStatistic& row : kThreadStatistics) {
    const std::string name = std::string("\"") + row.name + "\":";
    const size_t first = json.find(name);
    ASSERT_NE(first, std::string::npos) << row.name;
    EXPECT_EQ(json.find(name, first + 1), std::string::npos) << row.name;
  }
}

}  // namespace
}  // namespace weft::engine
