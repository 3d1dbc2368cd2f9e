// Files of superblocks' records.
#include "engine/code_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <random>

#include "../linux/temporary_files.h"
#include "linux/private_file.h"
#include "linux/signal_safe_copy.h"

namespace weft::engine {
namespace {

using testing::ElementsAre;
using Record = std::vector<uint8_t>;
using Records = std::map<uint32_t, Record>;

constexpr uint64_t kFingerprint = 0x1234;
constexpr char kName[] = "module.code";

class CodeFiles : public linux::TemporaryFiles {
 protected:
  void SetUp() override {
    TemporaryFiles::SetUp();
    auto opened = linux::open_private_directory(folder_);
    ASSERT_TRUE(opened.ok());
    directory_ = std::move(opened).value();
  }

  Status save(const Records& records, const std::string& name = kName) {
    std::vector<CodeFile::Entry> entries;
    for (const auto& [place, record] : records) entries.push_back({place, record});
    return CodeFile::write(directory_, name, kFingerprint, entries);
  }
  Result<std::unique_ptr<CodeFile>> open(uint64_t fingerprint = kFingerprint) {
    return CodeFile::open(directory_, kName, fingerprint);
  }
  std::vector<char> contents() {
    std::ifstream file(path(kName), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set_contents(const std::vector<char>& bytes) {
    write(kName, {bytes.data(), bytes.size()}, 0600);
  }

  linux::UniqueFd directory_;
};

Records make_records(size_t count) {
  std::mt19937_64 random(3);
  Records records;
  while (records.size() < count) {
    Record& record = records[static_cast<uint32_t>(random())];
    record.resize(random() % 300);
    for (uint8_t& byte : record) byte = static_cast<uint8_t>(random());
  }
  return records;
}

TEST_F(CodeFiles, GiveBackWhatWasWritten) {
  Records records = make_records(1000);
  records[0] = {1, 2, 3};
  records[UINT32_MAX - 1] = {4};
  ASSERT_TRUE(save(records).ok());
  const auto file = open();
  ASSERT_TRUE(file.ok() && file.value());
  Record found;
  for (const auto& [place, record] : records) {
    ASSERT_TRUE(file.value()->find(place, found)) << place;
    EXPECT_EQ(found, record);
  }
  EXPECT_FALSE(file.value()->find(1, found));
  Records visited;
  file.value()->for_each([&](uint32_t place, std::span<const uint8_t> record) {
    visited[place].assign(record.begin(), record.end());
  });
  EXPECT_EQ(visited, records);
}

TEST_F(CodeFiles, AreVisitedInTheOrderInWhichTheyWereWritten) {
  const std::vector<uint8_t> byte = {1};
  const std::vector<CodeFile::Entry> entries = {{7, byte}, {3, byte}, {900, byte}, {5, byte}};
  ASSERT_TRUE(CodeFile::write(directory_, kName, kFingerprint, entries).ok());
  std::vector<uint32_t> places;
  open().value()->for_each([&](uint32_t place, auto) { places.push_back(place); });
  EXPECT_THAT(places, ElementsAre(7, 3, 900, 5));
}

TEST_F(CodeFiles, AreOfTheUserAloneAndLeaveNothingElseBehind) {
  ASSERT_TRUE(save(make_records(10)).ok());
  ASSERT_TRUE(save(make_records(20)).ok());
  size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator(folder_)) {
    ++count;
    EXPECT_EQ(each.path().filename(), kName);
    EXPECT_EQ(each.status().permissions(), std::filesystem::perms(0600));
  }
  EXPECT_EQ(count, 1u);
}

TEST_F(CodeFiles, ThatAreOpenStayWhatTheyWereWhenANewOneIsWritten) {
  ASSERT_TRUE(save({{1, {1}}}).ok());
  const auto old = open();
  ASSERT_TRUE(save({{1, {2}}, {2, {2}}}).ok());
  Record found;
  ASSERT_TRUE(old.value()->find(1, found));
  EXPECT_THAT(found, ElementsAre(1));
  EXPECT_FALSE(old.value()->find(2, found));
  ASSERT_TRUE(open().value()->find(1, found));
  EXPECT_THAT(found, ElementsAre(2));
}

TEST_F(CodeFiles, ThatAreNotThereAreNoError) {
  const auto file = open();
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file.value(), nullptr);
}

TEST_F(CodeFiles, OfAnotherFingerprintAreRefused) {
  ASSERT_TRUE(save(make_records(10)).ok());
  EXPECT_TRUE(open().ok());
  EXPECT_FALSE(open(kFingerprint + 1).ok());
}

TEST_F(CodeFiles, ThatOthersCanWriteToAreRefused) {
  ASSERT_TRUE(save(make_records(10)).ok());
  std::filesystem::permissions(path(kName), std::filesystem::perms(0620));
  const auto file = open();
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message.find("others"), std::string::npos) << file.error().message;
}

TEST_F(CodeFiles, ThatWereCutOffAreRefused) {
  ASSERT_TRUE(save(make_records(3)).ok());
  const std::vector<char> whole = contents();
  for (size_t size = 0; size < whole.size(); size += 5) {
    set_contents({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
    ASSERT_FALSE(open().ok()) << size << " of " << whole.size() << " bytes";
  }
}

/// As the runtime's signal handler does it.
void let_copies_fail() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  action.sa_sigaction = [](int signal, siginfo_t*, void* frame) {
    greg_t& rip = static_cast<ucontext_t*>(frame)->uc_mcontext.gregs[REG_RIP];
    if (linux::is_safe_copy(static_cast<uint64_t>(rip))) {
      rip = reinterpret_cast<greg_t>(linux::weft_safe_copy_failed);
    } else {
      std::signal(signal, SIG_DFL);
    }
  };
  ASSERT_EQ(sigaction(SIGBUS, &action, nullptr), 0);
}

TEST_F(CodeFiles, ThatAreCutOffWhileTheyAreOpenHaveNothingBehindThat) {
  let_copies_fail();
  const Records records = make_records(1000);
  ASSERT_TRUE(save(records).ok());
  const auto file = open();
  ASSERT_TRUE(file.ok() && file.value());
  std::filesystem::resize_file(path(kName), 64 << 10);
  size_t count = 0;
  file.value()->for_each([&](uint32_t, auto) { ++count; });
  EXPECT_GT(count, 0u);
  EXPECT_LT(count, records.size());
  std::filesystem::resize_file(path(kName), 0);
  Record found;
  EXPECT_FALSE(file.value()->find(records.begin()->first, found));
  std::signal(SIGBUS, SIG_DFL);
}

/// What a damaged file gives is what was written, or nothing.
TEST_F(CodeFiles, ThatWereDamagedGiveNothingThatWasNotWritten) {
  const Records records = make_records(20);
  ASSERT_TRUE(save(records).ok());
  const std::vector<char> whole = contents();
  std::mt19937_64 random(11);
  size_t missing = 0;
  const auto check = [&](uint32_t place, std::span<const uint8_t> record) {
    const auto written = records.find(place);
    ASSERT_NE(written, records.end());
    ASSERT_TRUE(
        std::equal(record.begin(), record.end(), written->second.begin(), written->second.end()));
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<char> bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    set_contents(bytes);
    const auto file = open();
    if (!file) continue;
    file.value()->for_each(check);
    Record found;
    for (const auto& [place, record] : records) {
      if (file.value()->find(place, found)) {
        check(place, found);
      } else {
        ++missing;
      }
    }
  }
  EXPECT_GT(missing, 1000u);
}

TEST_F(CodeFiles, ThatAreLargerThanTheProgramMayMakeFilesAreNotWritten) {
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {100, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status saved = save(make_records(10));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, EFBIG);
  EXPECT_TRUE(save(make_records(10)).ok());
}

TEST_F(CodeFiles, CannotBeWrittenWhereTheDirectoryIsGone) {
  std::filesystem::remove_all(folder_);
  EXPECT_FALSE(save(make_records(1)).ok());
}

}  // namespace
}  // namespace weft::engine
