// Whose files are believed, and how files are told from each other.
#include "linux/kernel/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "temporary_files.h"

namespace weft::linux {
namespace {

using PrivateFiles = TemporaryFiles;

constexpr uid_t kSomebodyElse = 12345;

TEST_F(PrivateFiles, DirectoriesAreMadeForTheUserAlone) {
  EXPECT_EQ(open_private_directory(path("made")).error().code, ENOENT);
  ASSERT_TRUE(make_private_directory(path("made")).ok());
  struct stat status {};
  ASSERT_EQ(stat(path("made").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  EXPECT_TRUE(make_private_directory(path("made")).ok());
  EXPECT_TRUE(open_private_directory(path("made")).ok());
}

TEST_F(PrivateFiles, DirectoriesThatOthersCanWriteToAreRefused) {
  for (const mode_t mode : {0770u, 0702u, 01777u}) {
    const std::string name = path(std::to_string(mode));
    ASSERT_EQ(mkdir(name.c_str(), 0700), 0);
    ASSERT_EQ(chmod(name.c_str(), mode), 0);
    const auto opened = open_private_directory(name);
    ASSERT_FALSE(opened.ok()) << mode;
    EXPECT_NE(opened.error().message.find("0700"), std::string::npos) << opened.error().message;
  }
  ASSERT_EQ(mkdir(path("readable").c_str(), 0755), 0);
  EXPECT_TRUE(open_private_directory(path("readable")).ok());
}

TEST_F(PrivateFiles, WhatIsNoDirectoryOrCannotBeMadeIsAnError) {
  write("file", "text");
  EXPECT_EQ(open_private_directory(path("file")).error().code, ENOTDIR);
  EXPECT_EQ(make_private_directory(path("none/below")).error().code, ENOENT);
}

TEST_F(PrivateFiles, OfAnotherUserAreRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(mkdir(path("theirs").c_str(), 0700), 0);
  ASSERT_EQ(chown(path("theirs").c_str(), kSomebodyElse, kSomebodyElse), 0);
  EXPECT_FALSE(open_private_directory(path("theirs")).ok());
  write("file", "text", 0600);
  ASSERT_EQ(chown(path("file").c_str(), kSomebodyElse, kSomebodyElse), 0);
  const auto folder = open_private_directory(folder_);
  ASSERT_TRUE(folder.ok());
  struct stat status {};
  EXPECT_FALSE(open_private_file(folder.value(), "file", status).ok());
}

TEST_F(PrivateFiles, AreOpenedIfNobodyElseCanWriteToThem) {
  write("mine", "text", 0644);
  write("ours", "text", 0664);
  write("everyones", "text", 0666);
  std::filesystem::create_symlink(path("mine"), path("link"));
  std::filesystem::create_directory(path("folder"));
  const auto folder = open_private_directory(folder_);
  ASSERT_TRUE(folder.ok());
  struct stat status {};
  const auto mine = open_private_file(folder.value(), "mine", status);
  ASSERT_TRUE(mine.ok() && mine.value().valid());
  EXPECT_EQ(status.st_size, 4);
  for (const char* name : {"ours", "everyones", "link", "folder"}) {
    EXPECT_FALSE(open_private_file(folder.value(), name, status).ok()) << name;
  }
  const auto none = open_private_file(folder.value(), "none", status);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none.value().valid());
}

TEST_F(PrivateFiles, OfOneBuildHaveOneNameWhereverTheyLie) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string name = content_name(self);
  ASSERT_FALSE(name.empty());
  std::filesystem::copy_file(self, path("copy"));
  EXPECT_EQ(content_name(path("copy")), name);
  std::filesystem::resize_file(path("copy"), std::filesystem::file_size(self) + 1);
  EXPECT_NE(content_name(path("copy")), name);
}

TEST_F(PrivateFiles, WithoutABuildIdHaveANameThatChangesWithThem) {
  write("one", "text");
  const std::string name = content_name(path("one"));
  ASSERT_FALSE(name.empty());
  EXPECT_EQ(content_name(path("one")), name);
  write("other", "text");
  EXPECT_NE(content_name(path("other")), name);
  std::filesystem::last_write_time(
      path("one"), std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_NE(content_name(path("one")), name);
}

TEST_F(PrivateFiles, ThatAreNotThereHaveNoName) { EXPECT_TRUE(content_name(path("none")).empty()); }

TEST_F(PrivateFiles, WithBrokenElfHeadersHaveANameAllTheSame) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  for (const uintmax_t size : {1u, 16u, 63u, 64u, 100u, 4096u}) {
    std::filesystem::remove(path("cut"));
    std::filesystem::copy_file(self, path("cut"));
    std::filesystem::resize_file(path("cut"), size);
    EXPECT_FALSE(content_name(path("cut")).empty()) << size;
  }
}

}  // namespace
}  // namespace weft::linux
