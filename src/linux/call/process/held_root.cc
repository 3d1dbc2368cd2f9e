#include "linux/call/process/held_root.h"

#include <fcntl.h>

#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

UniqueFd working_directory(uint64_t flags) {
  return UniqueFd(static_cast<int>(raw_syscall(__NR_openat, static_cast<uint64_t>(AT_FDCWD),
                                               word("."), O_PATH | O_DIRECTORY | flags)));
}

void close_on_exec(uint64_t flag) {
  for (const int fd : Surroundings::instance().held()) {
    if (fd >= 0) raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), F_SETFD, flag);
  }
}

/// The same of those that go on to the next weft as they are.
void close_kept_on_exec(uint64_t flag) {
  const Surroundings& surroundings = Surroundings::instance();
  for (const int fd : surroundings.held()) {
    if (fd < 0 || fd == surroundings.executable()) continue;
    raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), F_SETFD, flag);
  }
}

bool go_to(int directory) {
  return !failed(raw_syscall(__NR_fchdir, static_cast<uint64_t>(directory)));
}

/// Whether this process may go to the held root, and would come back.
bool can_go_to_root() {
  const UniqueFd back = working_directory(O_CLOEXEC);
  if (!back.valid() || !go_to(back.get())) return false;
  const bool there = go_to(Surroundings::instance().root());
  return go_to(back.get()) && there;
}

}  // namespace

WayToWeft way_to_weft() {
  const Surroundings& held = Surroundings::instance();
  // Without descriptors there are the paths alone.
  if (held.root() < 0) return WayToWeft::kDirect;
  if (held.has_paths()) return WayToWeft::kAgain;
  if (held.can_be_loaded() && can_go_to_root()) return WayToWeft::kByHeldRoot;
  return held.has_other_files() ? WayToWeft::kDirect : WayToWeft::kNone;
}

void tell_of_native_run(const std::string& path) {
  const std::string line =
      "weft: runs " + path + " natively: weft's own libraries cannot be loaded from here\n";
  constexpr int kStandardError = 2;
  raw_syscall(__NR_write, kStandardError, word(line.data()), line.size());
}

std::vector<std::string> loader_arguments() {
  const Surroundings& held = Surroundings::instance();
  return {"weft", "--inhibit-cache", "--library-path", held.library_path(),
          held.weft_path().substr(1)};
}

HeldRoot::HeldRoot() : working_directory_(working_directory(0)) {
  close_on_exec(0);
  go_to(Surroundings::instance().root());
}

HeldRoot::~HeldRoot() {
  go_to(working_directory_.get());
  close_on_exec(FD_CLOEXEC);
}

KeptOnExec::KeptOnExec() { close_kept_on_exec(0); }

KeptOnExec::~KeptOnExec() { close_kept_on_exec(FD_CLOEXEC); }

std::string HeldRoot::inheritance() const {
  return Surroundings::instance().inheritance(working_directory_.get());
}

}  // namespace weft::linux
