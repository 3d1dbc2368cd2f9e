// The file of CPUID's answers: written once, believed while it is whole.
#include "engine/cpuid_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "x86/cpuid.h"

namespace weft::engine {
namespace {

struct CpuidFileTest : testing::Test {
  CpuidFileTest() {
    char name[] = "/tmp/weft-cpuid-XXXXXX";
    folder = mkdtemp(name);
    x86::cpuid(7, 0);
  }
  ~CpuidFileTest() override { std::filesystem::remove_all(folder); }

  /// A new one for each that is written.
  ino_t number() const {
    struct stat status {};
    return stat((folder + "/cpuid").c_str(), &status) == 0 ? status.st_ino : 0;
  }

  std::string folder;
};

TEST_F(CpuidFileTest, IsWrittenForWhatIsNewAlone) {
  CpuidFile(folder).save();
  const ino_t written = number();
  ASSERT_NE(written, 0u);
  CpuidFile next(folder);
  next.save();
  EXPECT_EQ(number(), written);
  x86::keep_cpuid({0x2345'6789, 1, {1, 2, 3, 4}});
  next.save();
  EXPECT_NE(number(), written);
}

TEST_F(CpuidFileTest, IsNotBelievedWhereItWasChanged) {
  CpuidFile(folder).save();
  const auto size = std::filesystem::file_size(folder + "/cpuid");
  for (const size_t place : {size_t{9}, size_t{20}, size_t{60}, size - 1}) {
    const ino_t written = number();
    std::fstream file(folder + "/cpuid", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(place));
    const char other = static_cast<char>(file.get() ^ 0x40);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(other);
    file.close();
    CpuidFile(folder).save();
    EXPECT_NE(number(), written) << place;
  }
}

TEST_F(CpuidFileTest, IsNotBelievedWhereOthersMayWrite) {
  CpuidFile(folder).save();
  const ino_t written = number();
  chmod((folder + "/cpuid").c_str(), 0666);
  CpuidFile(folder).save();
  EXPECT_NE(number(), written);
}

TEST_F(CpuidFileTest, IsNothingWithoutADirectory) {
  CpuidFile("").save();
  CpuidFile(folder + "/none").save();
  EXPECT_EQ(number(), 0u);
}

}  // namespace
}  // namespace weft::engine
