// What the runtime leans on outside its own memory, held open from the start, whatever the program
// does to its root, its /proc, its limits or weft's files. One object a process, filled once before
// the program runs; from then on descriptors may only go. Any thread. Without one (-1), paths
// serve.
#pragma once

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/kernel/unique_fd.h"

namespace weft::linux {

class Surroundings {
 public:
  static Surroundings& instance();

  /// Opens what there is, or, with the value of --exec-held (see inheritance()), takes over what
  /// the process held that called execve. False: that value makes no sense.
  bool hold(std::string_view inherited);
  /// The same with the value of --exec-kept (see legacy()), for a process that found weft where
  /// its predecessor did.
  bool hold_again(std::string_view legacy);

  /// What one process tells the next with execve, which need not find it out again.
  struct Known {
    std::optional<int> tracer;         ///< of the thread that called execve; 0: none
    std::string boot;                  ///< the kernel's name for the time since it started
    std::vector<uint64_t> vdso_parts;  ///< sizes of what lies ahead of the vdso, and its own
  };
  /// By the process before this one.
  const Known& told() const { return told_; }
  /// To be told to the next one; before the program runs.
  void note_boot(std::string_view boot) { known_.boot = boot; }
  void note_vdso_parts(std::vector<uint64_t> sizes) { known_.vdso_parts = std::move(sizes); }

  /// Raises the limits that count the runtime's memory (RLIMIT_AS, RLIMIT_DATA), where the kernel
  /// allows it, and keeps what they were.
  void lift_limits();
  /// What the program's limit is if it was lifted.
  std::optional<rlimit64> lifted_limit(int resource) const;
  /// The smallest of these limits that still holds, in bytes.
  uint64_t memory_limit() const { return memory_limit_; }

  /// Opens `path`, which begins with "/proc/", in the /proc of the start: the descriptor or -errno.
  int64_t open_proc(std::string_view path, int flags) const;
  /// The same as a stream to read; null if there is none.
  std::FILE* open_proc_stream(std::string_view path) const;
  /// What the link at such a `path` holds; empty if it cannot be read.
  std::string read_proc_link(std::string_view path) const;
  /// Where "/proc/..." is to be looked up: a directory, and the path from there.
  struct Place {
    int directory;
    std::string path;
  };
  Place in_proc(std::string_view path) const;

  /// Keeps `fd`, the program's file, and leaves it open.
  void hold_executable(int fd);

  /// The descriptors, which the program must not touch; -1 where there is none.
  std::array<int, 5> held() const;
  int root() const { return get(kRoot); }
  int loader() const { return get(kLoader); }
  int weft() const { return get(kWeft); }
  int executable() const { return get(kExecutable); }
  /// Closes the lowest of them for a program that has no other number left. -1: none is open.
  int give_up_one();
  /// Closes `fd`, whose number the program wants; false if it is none of them.
  bool give_up(int fd);
  /// From now on a copy of `fd` is held, at a number above `used`; the caller closes `fd`. The
  /// copy, or -1: `fd` is none of those held, or there is no higher number.
  int copy_up(int fd, int used);
  /// `fd` is held in place of its copy: undoes copy_up() in a process whose table did not see it.
  void take_back(int copy, int fd);

  /// Whether weft's loader and libraries are found from here where they were found at the start.
  bool has_paths() const;
  /// Whether there are files of those names from here, if others: as after an upgrade.
  bool has_other_files() const;
  /// Whether they and weft's executable are where they were, seen from the held root.
  bool can_be_loaded() const;

  /// This process was started by way of the held root. Until leave_root() is called that is the
  /// current directory, and runtime_path() leads from there.
  bool by_held_root() const { return by_held_root_; }
  /// Where `path`, absolute at the start, is found before leave_root(); later nowhere, perhaps.
  std::string runtime_path(const std::string& path) const;
  /// Goes to the program's working directory. False if it cannot.
  bool leave_root();

  /// Weft's executable as an absolute path from the held root.
  std::string weft_path() const { return "/" + weft_path_; }
  /// The folders of its libraries, from the held root, with colons between.
  const std::string& library_path() const { return library_path_; }
  /// The value of --exec-held for a new process, for which none of held() is closed on exec.
  std::string inheritance(int working_directory) const;
  /// The value of --exec-kept for a new process, for which none of held() but executable() is
  /// closed on exec. `tracer`: of the calling thread.
  std::string legacy(int tracer) const;

 private:
  struct Library {
    std::string name;  ///< as the loader found it
    std::string path;  ///< from the held root, without links
    uint64_t device = 0;
    uint64_t inode = 0;
  };

  void open_missing();
  bool take_over(std::string_view inherited);
  void find_libraries();

  /// In the order in which they are given up.
  enum Held : uint8_t { kLoader, kRoot, kWeft, kExecutable, kProc };
  static constexpr size_t kCount = 5;
  int get(Held which) const { return held_[which].load(std::memory_order_relaxed); }

  std::array<std::atomic<int>, kCount> held_{-1, -1, -1, -1, -1};
  UniqueFd working_directory_;
  Known told_;
  Known known_;
  static constexpr std::array<int, 2> kMemoryLimits = {RLIMIT_AS, RLIMIT_DATA};
  std::array<std::optional<rlimit64>, 2> lifted_;
  uint64_t memory_limit_ = RLIM64_INFINITY;
  bool by_held_root_ = false;
  std::string weft_path_;  ///< from the held root, without a slash in front
  std::string loader_path_;
  std::string library_path_;
  std::vector<Library> libraries_;
};

}  // namespace weft::linux
