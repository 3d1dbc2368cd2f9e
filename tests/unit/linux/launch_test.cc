#include "linux/image/launch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "elf_builder.h"
#include "temporary_files.h"

namespace weft::linux {
namespace {

using Strings = std::vector<std::string>;

class LaunchTest : public TemporaryFiles {
 protected:
  Result<Launch> find(const Strings& argv, const Strings& envp = {}) {
    argv_ = argv;
    envp_ = envp;
    return find_program(pointers(argv_), pointers(envp_));
  }
  int open_errno(const std::string& file) {
    const char* argv[] = {"name"};
    const auto launch = open_program(file, argv, {});
    return launch.ok() ? 0 : launch.error().code;
  }
  void expect_failure(const Strings& argv, int status, const std::string& part,
                      const Strings& envp = {}) {
    const auto launch = find(argv, envp);
    ASSERT_FALSE(launch.ok()) << argv[0];
    EXPECT_EQ(launch.error().code, status) << launch.error().message;
    EXPECT_NE(launch.error().message.find(part), std::string::npos) << launch.error().message;
    EXPECT_EQ(launch.error().message.find('\n'), std::string::npos);
  }
  static Strings arguments(const Launch& launch) {
    return {launch.argv.begin(), launch.argv.end()};
  }

 private:
  static std::vector<const char*> pointers(const Strings& strings) {
    std::vector<const char*> list;
    for (const std::string& each : strings) list.push_back(each.c_str());
    return list;
  }
  Strings argv_, envp_;
};

TEST_F(LaunchTest, AProgramWithASlashIsOpenedWithItsInterpreter) {
  const auto launch = find({"/bin/sh", "-c", "exit"});
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch.value().execfn, "/bin/sh");
  EXPECT_EQ(launch.value().comm, "sh");
  EXPECT_EQ(arguments(launch.value()), (Strings{"/bin/sh", "-c", "exit"}));
  EXPECT_TRUE(launch.value().interpreter.fd.valid());
  EXPECT_EQ(launch.value().program.real_path, std::filesystem::canonical("/bin/sh").string());
}

TEST_F(LaunchTest, TheProgramSOwnPathIsSearched) {
  std::filesystem::copy_file("/bin/true", path("prog"));
  write("first", "");
  std::filesystem::create_directory(path("dir"));
  std::filesystem::create_directory(path("dir/prog"));
  const auto launch =
      find({"prog"}, {"PATHS=/nowhere", "PATH=/nowhere:" + path("dir") + ":" + folder_});
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch.value().execfn, path("prog"));
  EXPECT_TRUE(find({"true"}).ok());  // without PATH: the system's own folders
}

TEST_F(LaunchTest, WhatIsNotThereIs127AndWhatCannotRunIs126) {
  write("plain", "#!/bin/sh\n", 0644);
  expect_failure({"no-such-command-here"}, 127, "command not found", {"PATH=/bin"});
  expect_failure({path("absent")}, 127, "No such file");
  expect_failure({path("plain") + "/x"}, 126, "Not a directory");
  expect_failure({""}, 127, "");
  expect_failure({folder_}, 126, "directory");
  expect_failure({path("plain")}, 126, "Permission denied");
  expect_failure({"plain"}, 126, "Permission denied", {"PATH=" + folder_});
  expect_failure({"/dev/null"}, 126, "not a regular file");
}

TEST_F(LaunchTest, AMessageIsOneLineWhateverTheName) {
  expect_failure({"no\nsuch\x1b[1m"}, 127, "no?such?[1m");
  ElfBuilder elf;
  elf.set_interpreter(std::string("/no\nsuch\0", 9));
  expect_failure({write("odd", elf.bytes())}, 126, "/no?such");
}

TEST_F(LaunchTest, FilesThatAreNoProgramsAre126) {
  ElfBuilder aarch64;
  aarch64.header.e_machine = EM_AARCH64;
  expect_failure({write("aarch64", aarch64.bytes())}, 126, "another architecture");
  auto cut = ElfBuilder().bytes();
  cut.resize(100);
  expect_failure({write("cut", cut)}, 126, "truncated");
  expect_failure({write("binary", std::string_view("\x01\x00\x02\n", 4))}, 126, "not an ELF file");
}

TEST_F(LaunchTest, AMissingOrUnfitInterpreterIs126AndNamed) {
  ElfBuilder missing;
  missing.set_interpreter(std::string("/no/such/ld.so\0", 15));
  expect_failure({write("missing", missing.bytes())}, 126, "/no/such/ld.so: No such file");
  ElfBuilder folder;
  folder.set_interpreter(std::string("/tmp\0", 5));
  expect_failure({write("folder", folder.bytes())}, 126, "/tmp: is a directory");
  EXPECT_EQ(open_errno(path("folder")), EACCES);
  ElfBuilder text;
  text.set_interpreter(std::string("/etc/passwd\0", 12));
  expect_failure({write("text", text.bytes())}, 126, "/etc/passwd");
  expect_failure({write("script", "#!/no/such/interpreter\n")}, 126, "/no/such/interpreter");
}

TEST_F(LaunchTest, AScriptRunsItsInterpreterWithOneArgument) {
  const std::string script = write("script", "#! /bin/sh -e -u \necho\n");
  const auto launch = find({script, "a", "b"});
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(arguments(launch.value()), (Strings{"/bin/sh", "-e -u", script, "a", "b"}));
  EXPECT_EQ(launch.value().execfn, script);
  EXPECT_EQ(launch.value().comm, "script");
}

TEST_F(LaunchTest, ScriptsNestAsDeepAsTheKernelAllows) {
  std::string last = "/bin/sh";
  for (int depth = 1; depth <= 6; ++depth) {
    const std::string name = "nested" + std::to_string(depth);
    last = write(name, "#!" + last + "\n");
    EXPECT_EQ(open_errno(last), depth <= 5 ? 0 : ELOOP) << depth;
  }
}

TEST_F(LaunchTest, TextWithoutAMarkIsForTheShellOnTheCommandLineOnly) {
  const std::string text = write("text", "echo hello\n");
  const auto launch = find({text, "x"});
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(arguments(launch.value()), (Strings{"/bin/sh", text, "x"}));
  EXPECT_EQ(open_errno(text), ENOEXEC);
  EXPECT_TRUE(find({write("empty", "")}).ok());
}

TEST_F(LaunchTest, ErrorsOfExecve) {
  EXPECT_EQ(open_errno(""), ENOENT);
  EXPECT_EQ(open_errno(path("absent")), ENOENT);
  EXPECT_EQ(open_errno(folder_), EACCES);
  EXPECT_EQ(open_errno(std::string(5000, 'x')), ENAMETOOLONG);
  EXPECT_EQ(open_errno(write("plain", "x", 0644)), EACCES);
  EXPECT_EQ(open_errno(write("binary", "x")), ENOEXEC);
  EXPECT_EQ(open_errno(write("bad_script", "#!\n")), ENOEXEC);
  std::filesystem::create_symlink("loop", path("loop"));
  EXPECT_EQ(open_errno(path("loop")), ELOOP);
}

/// The errno with which the kernel itself refuses to run `file`; 0 if it runs.
int kernel_errno(const std::string& file) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    const char* argv[] = {"name", nullptr};
    execve(file.c_str(), const_cast<char**>(argv), environ);
    const int code = errno;
    _exit(write(ends[1], &code, sizeof code) == sizeof code ? 1 : 2);
  }
  close(ends[1]);
  int code = 0;
  const ssize_t got = read(ends[0], &code, sizeof code);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return got == 0 ? 0 : code;
}

TEST_F(LaunchTest, RefusesWithTheErrnoOfTheKernel) {
  write("target", "#!/bin/true\n");
  ElfBuilder folder, missing, unterminated, other, none;
  folder.set_interpreter(std::string("/tmp\0", 5));
  missing.set_interpreter(std::string("/no/such\0", 9));
  unterminated.set_interpreter("/bin/true");
  other.header.e_machine = EM_AARCH64;
  none.phnum = 0;
  const std::vector<std::string> files = {
      "",
      path("absent"),
      path("target") + "/below",
      folder_,
      "/dev/null",
      std::string(5000, 'x'),
      write("unprivileged", "#!/bin/true\n", 0644),
      write("empty", ""),
      write("words", "echo\n"),
      write("bare", "#!"),
      write("no_name", "#!\n"),
      write("blank_name", "#!   \n"),
      write("zero_name", std::string_view("#!\0/bin/true\n", 13)),
      write("absent_name", "#!/no/such\n"),
      write("folder_name", "#!/tmp\n"),
      write("long_name", "#!/" + std::string(400, 'y') + "\n"),
      write("long_argument", "#!/bin/true " + std::string(400, 'y') + "\n"),
      write("blanks", "#! \t/bin/true\t \n"),
      write("one", "#!" + path("target") + "\n"),
      write("two", "#!" + path("one") + "\n"),
      write("three", "#!" + path("two") + "\n"),
      write("four", "#!" + path("three") + "\n"),
      write("five", "#!" + path("four") + "\n"),
      write("elf_folder", folder.bytes()),
      write("elf_missing", missing.bytes()),
      write("elf_unterminated", unterminated.bytes()),
      write("elf_other", other.bytes()),
      write("elf_none", none.bytes()),
      "/bin/true",
  };
  for (const std::string& file : files) EXPECT_EQ(open_errno(file), kernel_errno(file)) << file;
}

/// What a program sees as its arguments when the kernel runs `file` as "name first".
Strings kernel_arguments(const std::string& file) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    const char* argv[] = {"name", "first", nullptr};
    execve(file.c_str(), const_cast<char**>(argv), environ);
    _exit(1);
  }
  close(ends[1]);
  std::string text;
  char buffer[1024];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  close(ends[0]);
  waitpid(child, nullptr, 0);
  Strings arguments;
  for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    arguments.push_back(text.substr(0, end));
  }
  return arguments;
}

TEST_F(LaunchTest, BuildsTheArgumentsThatTheKernelBuilds) {
  const std::string show = "/usr/bin/printf";
  const std::vector<std::string> files = {
      write("newline", "#!" + show + " %s\\n\nrest"),
      write("blank", "#! \t" + show + "  \t%s\\n  \n"),
      write("end_of_file", "#!" + show + " %s\\n"),
      write("blank_at_end", "#!" + show + " %s\\n "),
      write("words", "#!" + show + " %s: %s\\n\n"),
      write("long", "#!" + show + " %s\\n" + std::string(300, 'x') + "\n"),
  };
  for (const std::string& file : files) {
    const char* argv[] = {"name", "first"};
    const auto launch = open_program(file, argv, {});
    ASSERT_TRUE(launch.ok()) << launch.error().message;
    // printf shows what follows its format: have it run with ours, and by the kernel.
    std::vector<char*> ours;
    for (const char* each : launch.value().argv) ours.push_back(const_cast<char*>(each));
    const std::string direct = write("direct", [&] {
      std::string text = "#!/bin/sh\nexec " + show;
      for (size_t i = 1; i < ours.size(); ++i) text += std::string(" '") + ours[i] + "'";
      return text + "\n";
    }());
    EXPECT_EQ(kernel_arguments(direct), kernel_arguments(file)) << file;
  }
}

TEST_F(LaunchTest, CheckExecTellsKindsApart) {
  EXPECT_EQ(check_exec(path("absent")).error, ENOENT);
  const ExecCheck shell = check_exec("/bin/sh");
  EXPECT_TRUE(shell.error == 0 && shell.is_elf64 && shell.dynamic && !shell.privileged);
  const ExecCheck unknown = check_exec(write("unknown", "x"));
  EXPECT_TRUE(unknown.error == 0 && !unknown.is_elf64);
  const ExecCheck made = check_exec(write("made", ElfBuilder().bytes()));
  EXPECT_TRUE(made.is_elf64 && !made.dynamic);
}

TEST_F(LaunchTest, ASetGroupProgramOfAnotherGroupIsPrivileged) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string file = write("special", ElfBuilder().bytes());
  ASSERT_EQ(chown(file.c_str(), 1, 1), 0);
  ASSERT_EQ(chmod(file.c_str(), 02755), 0);
  EXPECT_TRUE(check_exec(file).privileged);
  ASSERT_EQ(chmod(file.c_str(), 04755), 0);
  EXPECT_TRUE(check_exec(file).privileged);
  expect_failure({file}, 126, "set-uid");
  ASSERT_EQ(chmod(file.c_str(), 0755), 0);
  EXPECT_FALSE(check_exec(file).privileged);
}

}  // namespace
}  // namespace weft::linux
