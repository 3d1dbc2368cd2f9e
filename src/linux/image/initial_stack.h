// The program's first stack: argc, argv, envp and auxv where the kernel would have put them.
// Called once, by the first thread, before the program runs; not signal-safe.
#pragma once

#include <elf.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "linux/image/elf_loader.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

/// What the kernel left on the main stack for this process, found from main's argv.
struct KernelStack {
  uint64_t bottom = 0;  ///< address of argc: everything below it is free for the program
  std::span<char*> argv;
  std::span<char*> envp;
  std::span<Elf64_auxv_t> auxv;  ///< with the AT_NULL

  static KernelStack from_argv(char** argv);
};

struct StackContents {
  /// Strings may lie anywhere. Where they are those of the kernel's stack, they are used in place.
  std::vector<const char*> argv;
  std::vector<const char*> envp;
  const char* execfn = "";
  const LoadedImage* program = nullptr;
  const LoadedImage* interpreter = nullptr;  ///< null: none
  uint64_t vdso = 0;                         ///< AT_SYSINFO_EHDR; 0: none
};

/// Where the parts came to lie.
struct InitialStack {
  uint64_t stack_pointer = 0;  ///< points to argc, aligned to 16
  uint64_t arg_start = 0, arg_end = 0;
  uint64_t env_start = 0, env_end = 0;
  std::vector<Elf64_auxv_t> auxv;
};

/// Writes the program's start onto the kernel's main stack, below `kernel.bottom`. The caller must
/// run on another stack: the frames of main are overwritten. What lies at and above the bottom is
/// left alone, so that our own libc's auxv stays valid. Fails (E2BIG) if the strings do not fit.
Result<InitialStack> build_initial_stack(const KernelStack& kernel, const StackContents& contents);

/// Points our libc's environ at a private copy: the program may overwrite the kernel's strings.
void detach_host_environment();

/// Records the main stack, as far down as it may grow, as the program's.
Status note_main_stack(const KernelStack& kernel, bool executable, AddressSpace& space);

/// Tells the kernel which command line, environment, auxv and name /proc shows. False if it does
/// not let us (then reads of those files have to be emulated); the name is set in either case.
bool show_process_as(const InitialStack& stack, const char* name);

}  // namespace weft::linux
