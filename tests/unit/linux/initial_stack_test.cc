#include "linux/image/initial_stack.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// A kernel's stack in a buffer: "weft -- prog arg", and an environment of two.
class InitialStackTest : public testing::Test {
 protected:
  void SetUp() override {
    char* strings = memory_.data() + memory_.size() - 256;
    char* cursor = strings;
    auto put = [&cursor](const char* text) {
      char* at = cursor;
      cursor = stpcpy(cursor, text) + 1;
      return reinterpret_cast<uint64_t>(at);
    };
    std::vector<uint64_t> words = {4};
    for (const char* each : {"weft", "--", "prog", "arg"}) words.push_back(put(each));
    words.push_back(0);
    for (const char* each : {"A=1", "B=2"}) words.push_back(put(each));
    words.push_back(0);
    for (const uint64_t each :
         {uint64_t{AT_SYSINFO_EHDR}, uint64_t{7},    uint64_t{AT_PHDR},   uint64_t{8},
          uint64_t{AT_BASE},         uint64_t{9},    uint64_t{27},        uint64_t{28},
          uint64_t{AT_PAGESZ},       uint64_t{4096}, uint64_t{AT_RANDOM}, uint64_t{10},
          uint64_t{AT_EXECFN},       uint64_t{11},   uint64_t{AT_ENTRY},  uint64_t{12},
          uint64_t{AT_PHNUM},        uint64_t{13},   uint64_t{AT_NULL},   uint64_t{0}}) {
      words.push_back(each);
    }
    auto* bottom = reinterpret_cast<uint64_t*>(page_down(word(strings)) - 0x1000);
    std::copy(words.begin(), words.end(), bottom);
    kernel_ = KernelStack::from_argv(reinterpret_cast<char**>(bottom + 1));
    program_.entry = 0x1111;
    program_.phdrs = 0x2222;
    program_.phdr_count = 33;
    interpreter_.bias = 0x4444;
    contents_.argv = {kernel_.argv[2], kernel_.argv[3]};
    contents_.envp = {kernel_.envp[0], kernel_.envp[1]};
    contents_.execfn = "/bin/prog";
    contents_.program = &program_;
    contents_.interpreter = &interpreter_;
    contents_.vdso = 0x5555;
  }

  InitialStack build() {
    auto built = build_initial_stack(kernel_, contents_);
    EXPECT_TRUE(built.ok());
    return built.ok() ? built.value() : InitialStack{};
  }
  static std::map<uint64_t, uint64_t> auxv_at(const uint64_t* cursor) {
    std::map<uint64_t, uint64_t> auxv;
    for (; cursor[0] != AT_NULL; cursor += 2) auxv[cursor[0]] = cursor[1];
    return auxv;
  }

  std::vector<char> memory_ = std::vector<char>(1 << 20);
  KernelStack kernel_;
  LoadedImage program_, interpreter_;
  StackContents contents_;
};

TEST_F(InitialStackTest, FindsWhatTheKernelLeft) {
  EXPECT_EQ(kernel_.argv.size(), 4u);
  EXPECT_STREQ(kernel_.envp[1], "B=2");
  EXPECT_EQ(kernel_.auxv.size(), 10u);
}

TEST_F(InitialStackTest, ArgumentsThatAreOursStayWhereTheKernelPutThem) {
  const InitialStack stack = build();
  const auto* words = reinterpret_cast<const uint64_t*>(stack.stack_pointer);
  EXPECT_EQ(stack.stack_pointer % 16, 0u);
  EXPECT_EQ(words[0], 2u);
  EXPECT_EQ(words[1], word(kernel_.argv[2]));
  EXPECT_EQ(words[3], 0u);
  EXPECT_EQ(words[4], word(kernel_.envp[0]));
  EXPECT_EQ(words[6], 0u);
  EXPECT_EQ(stack.arg_start, word(kernel_.argv[2]));
  EXPECT_EQ(stack.arg_end - stack.arg_start, 9u);
  EXPECT_EQ(stack.env_end - stack.env_start, 8u);
  EXPECT_LT(stack.stack_pointer, kernel_.bottom);
  EXPECT_EQ(*reinterpret_cast<uint64_t*>(kernel_.bottom), 4u);
}

TEST_F(InitialStackTest, TheAuxiliaryVectorIsTheProgramS) {
  const InitialStack stack = build();
  auto auxv = auxv_at(reinterpret_cast<const uint64_t*>(stack.stack_pointer) + 7);
  EXPECT_EQ(auxv[AT_SYSINFO_EHDR], 0x5555u);
  EXPECT_EQ(auxv[AT_PHDR], 0x2222u);
  EXPECT_EQ(auxv[AT_PHNUM], 33u);
  EXPECT_EQ(auxv[AT_BASE], 0x4444u);
  EXPECT_EQ(auxv[AT_ENTRY], 0x1111u);
  EXPECT_EQ(auxv[AT_PAGESZ], 4096u);
  EXPECT_EQ(auxv.count(27), 0u) << "rseq is refused";
  EXPECT_STREQ(reinterpret_cast<const char*>(auxv[AT_EXECFN]), "/bin/prog");
  EXPECT_GE(auxv[AT_RANDOM], stack.stack_pointer);
  EXPECT_LT(auxv[AT_RANDOM], kernel_.bottom);
}

TEST_F(InitialStackTest, AStaticProgramHasBaseZeroAndMayHaveNoVdso) {
  contents_.interpreter = nullptr;
  contents_.vdso = 0;
  const InitialStack stack = build();
  auto auxv = auxv_at(reinterpret_cast<const uint64_t*>(stack.stack_pointer) + 7);
  EXPECT_EQ(auxv[AT_BASE], 0u);
  EXPECT_EQ(auxv.count(AT_SYSINFO_EHDR), 0u);
}

TEST_F(InitialStackTest, ForeignStringsAreCopiedInOneRow) {
  contents_.argv = {"/bin/sh", "script", kernel_.argv[3]};
  for (const bool with_environment : {true, false}) {
    if (!with_environment) contents_.envp.clear();
    const InitialStack stack = build();
    const auto* words = reinterpret_cast<const uint64_t*>(stack.stack_pointer);
    EXPECT_EQ(stack.stack_pointer % 16, 0u);
    EXPECT_EQ(words[0], 3u);
    EXPECT_EQ(words[1], stack.arg_start);
    EXPECT_EQ(words[2], stack.arg_start + 8);
    EXPECT_STREQ(reinterpret_cast<const char*>(words[3]), "arg");
    EXPECT_EQ(stack.arg_end, stack.env_start);
    EXPECT_EQ(stack.env_end - stack.env_start, with_environment ? 8u : 0u);
    EXPECT_LT(stack.env_end, kernel_.bottom);
  }
}

TEST_F(InitialStackTest, AChangedEnvironmentIsCopiedWithTheArguments) {
  contents_.envp[1] = "C=3";
  const InitialStack stack = build();
  EXPECT_NE(stack.arg_start, word(kernel_.argv[2]));
  EXPECT_STREQ(reinterpret_cast<const char*>(stack.arg_end), "A=1");
}

TEST_F(InitialStackTest, TooLongIsAnErrorAndWritesNothing) {
  const std::string long_text(3u << 20, 'x');
  contents_.argv.push_back(long_text.c_str());
  const auto built = build_initial_stack(kernel_, contents_);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().code, E2BIG);
}

TEST(HostEnvironment, OutlivesTheKernelsStrings) {
  ASSERT_EQ(setenv("WEFT_UNIT_TEST", "kept", 1), 0);
  char* before = getenv("WEFT_UNIT_TEST");
  detach_host_environment();
  EXPECT_NE(getenv("WEFT_UNIT_TEST"), before);
  EXPECT_STREQ(getenv("WEFT_UNIT_TEST"), "kept");
}

TEST(MainStack, IsRecordedAsFarDownAsItMayGrow) {
  AddressSpace space;
  KernelStack kernel;
  kernel.bottom = word(environ[0]);
  if (!note_main_stack(kernel, false, space)) GTEST_SKIP() << "environ was moved";
  const auto stack = space.find({kernel.bottom});
  ASSERT_TRUE(stack);
  EXPECT_EQ(stack->label, Label::kStack);
  EXPECT_GE(stack->range.size(), 0x20000u);
}

}  // namespace
}  // namespace weft::linux
