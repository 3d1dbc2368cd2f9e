// The protocol is that of AFL and AFL++ (their documentation and headers): two pipes with fixed
// numbers, four bytes each way.
#include "afl/fork_server.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/output_file.h"

namespace weft::tools::afl {
namespace {

constexpr int kControl = 198;
constexpr int kStatus = 199;

// What an old greeting says.
constexpr uint32_t kOptions = 0x80000001;
constexpr uint32_t kMapSize = 0x40000000;
constexpr uint32_t kSharedInput = 0x01000000;
constexpr uint32_t kLargestMap = 1 << 23;
// The new one.
constexpr uint32_t kVersion1 = 0x41464c01;
constexpr uint32_t kNewMapSize = 1;
constexpr uint32_t kNewSharedInput = 2;

bool send(uint32_t word) {
  ssize_t done = 0;
  do {
    done = write(kStatus, &word, sizeof word);
  } while (done < 0 && errno == EINTR);
  return done == sizeof word;
}

bool receive(uint32_t* word) {
  ssize_t done = 0;
  do {
    done = read(kControl, word, sizeof *word);
  } while (done < 0 && errno == EINTR);
  return done == sizeof *word;
}

int wait_for(pid_t child, int flags) {
  int status = 0;
  while (waitpid(child, &status, flags) < 0) {
    if (errno != EINTR) _exit(1);
  }
  return status;
}

}  // namespace

void TranslationRequests::start() {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) _exit(1);
  shared_ = static_cast<Shared*>(memory);
}

void TranslationRequests::add(Address tag) {
  const uint32_t place = shared_->count.fetch_add(1);
  if (place < kMost) shared_->tags[place] = tag;
}

bool ForkServer::greet_new(const ForkServerOptions& options) {
  uint32_t answer = 0;
  if (!send(kVersion1) || !receive(&answer) || answer != ~kVersion1) return false;
  const uint32_t shared = options.shared_input ? kNewSharedInput : 0;
  return send(kNewMapSize | shared) && send(options.map_size) && send(kVersion1);
}

bool ForkServer::greet(const ForkServerOptions& options) {
  if (options.new_protocol) return greet_new(options);
  uint32_t hello = kOptions;
  if (options.map_size <= kLargestMap) hello |= kMapSize | (options.map_size - 1) << 1;
  if (options.shared_input) hello |= kSharedInput;
  if (!send(hello)) return false;
  uint32_t answer = 0;
  return !options.shared_input || receive(&answer);
}

void ForkServer::let_signals_end() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigset_t ending;
  sigemptyset(&ending);
  for (size_t i = 0; i < std::size(kEnding); ++i) {
    sigaction(kEnding[i], &action, &actions_[i]);
    sigaddset(&ending, kEnding[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &ending, &mask_);
}

void ForkServer::restore_signals() {
  pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  for (size_t i = 0; i < std::size(kEnding); ++i) sigaction(kEnding[i], &actions_[i], nullptr);
}

void ForkServer::become_child() {
  is_child_ = true;
  close(kControl);
  close(kStatus);
  restore_signals();
}

pid_t ForkServer::start_child(Process& process, Thread& thread) {
  const pid_t child = process.fork_program(thread);
  if (child < 0) _exit(1);
  if (child == 0) become_child();
  return child;
}

void ForkServer::translate_requests(Process& process, Thread& thread) {
  requests_.take([&](Address tag) {
    if (process.code().containing(tag).empty()) process.translate(thread, tag);
  });
}

bool ForkServer::serve(Process& process, Thread& thread, const ForkServerOptions& options) {
  if (!greet(options)) return false;
  if (options.debug) {
    tell(process.error_stream(),
         fmt::format("weft: afl: fork server is up, map of {} bytes", options.map_size));
  }
  requests_.start();
  let_signals_end();
  pid_t child = 0;
  bool stopped = false;
  for (;;) {
    uint32_t was_killed = 0;
    if (!receive(&was_killed)) _exit(0);
    if (stopped && was_killed != 0) {
      wait_for(child, 0);
      stopped = false;
    }
    if (stopped) {
      kill(child, SIGCONT);
    } else {
      child = start_child(process, thread);
      if (child == 0) return true;
    }
    if (!send(static_cast<uint32_t>(child))) _exit(1);
    const int status = wait_for(child, options.loops ? WUNTRACED : 0);
    stopped = WIFSTOPPED(status);
    if (!send(static_cast<uint32_t>(status))) _exit(1);
    translate_requests(process, thread);
  }
}

}  // namespace weft::tools::afl
