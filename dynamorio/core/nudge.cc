#include "core/nudge.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "core/client_thread.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// What is sent: for which client, and its argument. The answer is one byte: a client took it.
struct Message {
  uint64_t client = 0;
  uint64_t argument = 0;
};

/// A socket without a file, by the process's number: in no other process's way, and gone with it.
sockaddr_un address_of(pid_t process, socklen_t& length) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int written =
      std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "weft-nudge-%d", process);
  length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(written));
  return address;
}

bool deliver(Context& context, const Message& message) {
  bool taken = false;
  context.is_nudge = true;
  Room::get().events().nudge.for_each([&](const NudgeCallback& each) {
    if (each.client != message.client) return;
    taken = true;
    each.function(&context, message.argument);
  });
  context.is_nudge = false;
  return taken;
}

/// Owned by the room; the thread that listens looks at it.
struct Listener {
  std::mutex mutex;
  pid_t process = 0;  ///< for which there is a thread; under mutex
  int socket = -1;    ///< of that process; under mutex
  std::atomic<bool> stopped{false};
};

Listener& listener() {
  static Listener listener;
  return listener;
}

bool is_own_user(int connection) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

void serve(Context& context, int socket) {
  while (!listener().stopped) {
    const int connection = accept4(socket, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    Message message;
    if (is_own_user(connection) &&
        recv(connection, &message, sizeof message, MSG_WAITALL) == sizeof message) {
      const char taken = deliver(context, message) ? 1 : 0;
      static_cast<void>(!send(connection, &taken, 1, MSG_NOSIGNAL));
    }
    close(connection);
  }
}

/// Once in each process.
void start_listener() {
  const std::lock_guard held(listener().mutex);
  if (listener().process == getpid()) return;
  listener().process = getpid();
  // The parent's. With a copy open here, nudges for a parent that has ended would reach nobody.
  if (listener().socket >= 0) {
    Room::get().process().release_descriptor(listener().socket);
    listener().socket = -1;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t length = 0;
  const sockaddr_un address = address_of(getpid(), length);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      listen(fd, 8) != 0) {
    return;
  }
  const int kept = Room::get().process().keep_descriptor(fd);
  if (kept >= 0) fd = kept;
  listener().socket = kept;
  run_client_thread([fd](Context& context) { serve(context, fd); });
}

dr_config_status_t send_to(pid_t process, const Message& message, uint timeout_ms) {
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t length = 0;
  const sockaddr_un address = address_of(process, length);
  dr_config_status_t status = DR_NUDGE_PID_NOT_INJECTED;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
      send(connection, &message, sizeof message, MSG_NOSIGNAL) == sizeof message) {
    pollfd answer{connection, POLLIN, 0};
    char taken = 0;
    const int wait = timeout_ms == INFINITE ? -1 : static_cast<int>(timeout_ms);
    if (wait == 0) {
      // Nobody waits for an answer.
      status = DR_SUCCESS;
    } else if (poll(&answer, 1, wait) != 1) {
      status = DR_NUDGE_TIMEOUT;
    } else {
      // Without an answer, the nudge has ended the process.
      const bool answered = recv(connection, &taken, 1, 0) == 1;
      status = !answered || taken != 0 ? DR_SUCCESS : DR_ID_INVALID;
    }
  }
  close(connection);
  return status;
}

}  // namespace

void stop_nudges() { listener().stopped = true; }

void resume_nudges() {
  if (!Room::get().events().nudge.empty()) start_listener();
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

void dr_register_nudge_event(void (*func)(void*, uint64), client_id_t id) {
  Room::get().events().nudge.add({func, id});
  start_listener();
}

bool dr_unregister_nudge_event(void (*func)(void*, uint64), client_id_t id) {
  return Room::get().events().nudge.remove({func, id});
}

bool dr_nudge_client(client_id_t id, uint64 argument) {
  if (Room::get().client(id) == nullptr) return false;
  return run_client_thread([id, argument](Context& context) { deliver(context, {id, argument}); });
}

dr_config_status_t dr_nudge_client_ex(process_id_t process_id, client_id_t client_id,
                                      uint64 argument, uint timeout_ms) {
  if (process_id == getpid()) {
    return dr_nudge_client(client_id, argument) ? DR_SUCCESS : DR_ID_INVALID;
  }
  return send_to(process_id, {client_id, argument}, timeout_ms);
}

const char* dr_config_status_code_to_string(dr_config_status_t code) {
  switch (code) {
    case DR_SUCCESS:
      return "success";
    case DR_PROC_REG_EXISTS:
      return "the process is registered already";
    case DR_PROC_REG_INVALID:
      return "the process is not registered";
    case DR_PRIORITY_INVALID:
      return "no such priority";
    case DR_ID_CONFLICTING:
      return "another client has this number";
    case DR_ID_INVALID:
      return "no such client";
    case DR_FAILURE:
      return "it failed";
    case DR_NUDGE_PID_NOT_INJECTED:
      return "the process does not run under weft";
    case DR_NUDGE_TIMEOUT:
      return "no answer in time";
    case DR_CONFIG_STRING_TOO_LONG:
      return "a string is too long";
    case DR_CONFIG_FILE_WRITE_FAILED:
      return "the file cannot be written";
    case DR_NUDGE_PID_NOT_FOUND:
      return "no such process";
    case DR_CONFIG_OPTIONS_INVALID:
      return "the options are not valid";
    case DR_CONFIG_DIR_NOT_FOUND:
      return "no such directory";
    case DR_CONFIG_INVALID_PARAMETER:
      return "an argument is not valid";
    case DR_CONFIG_CLIENT_NOT_FOUND:
      return "no such library";
  }
  return "unknown status";
}

bool dr_is_nudge_thread(void* drcontext) {
  const Context* const context = Context::of(drcontext);
  return context != nullptr && context->is_nudge;
}

}  // extern "C"
