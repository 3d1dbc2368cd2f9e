// From a command line to the ELF files that run it: PATH look-up, scripts, the interpreter, and the
// errors of execve. Called before the program runs, or in a child on its way to exec; not
// signal-safe.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "linux/image/elf_image.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {

/// Exit statuses of env(1), timeout(1) and the shells.
inline constexpr int kStatusNotFound = 127;
inline constexpr int kStatusCannotRun = 126;

/// An ELF file that is ready to be mapped.
struct ProgramFile {
  UniqueFd fd;
  std::string path;       ///< as it was opened
  std::string real_path;  ///< what /proc/self/exe shows
  ElfImage image;
};

struct Launch {
  ProgramFile program;
  ProgramFile interpreter;  ///< fd invalid: the program has none
  /// Point to the caller's strings or into `owned`.
  std::vector<const char*> argv;
  std::vector<const char*> envp;
  std::string execfn;  ///< AT_EXECFN: the path given to execve (a script's own, for a script)
  std::string comm;    ///< at most 15 characters
  std::deque<std::string> owned;
};

/// What running `argv` does from a command line: argv[0] is looked up along the PATH of `envp`
/// unless it has a slash, and a text file that is no script is given to /bin/sh, as execvp does. A
/// set-uid program is refused. Error::code is kStatusNotFound or kStatusCannotRun,
/// the message one line for the user.
Result<Launch> find_program(std::span<const char* const> argv, std::span<const char* const> envp);

/// What execve(path, argv, envp) does. Error::code is the errno it fails with.
Result<Launch> open_program(const std::string& path, std::span<const char* const> argv,
                            std::span<const char* const> envp);

/// The same after check_exec() found nothing wrong.
Result<Launch> open_checked_program(const std::string& path, std::span<const char* const> argv,
                                    std::span<const char* const> envp);

/// Whether the file is weft itself, which is not run under weft.
bool is_ourselves(const std::string& path);

/// What has to be known of a file before execve is carried out in its stead.
struct ExecCheck {
  int error = 0;            ///< the errno that execve fails with; 0: not known to fail
  bool privileged = false;  ///< set-uid, set-gid or file capabilities that would take effect
  /// It is an x86-64 program (possibly through scripts) that open_program() opens. Otherwise the
  /// kernel has to be asked: it may run files that we cannot (32-bit ones, unreadable ones, those
  /// of binfmt_misc), and has the exact errno for the rest.
  bool is_elf64 = false;
  bool dynamic = false;
};
ExecCheck check_exec(const std::string& path);

}  // namespace weft::linux
