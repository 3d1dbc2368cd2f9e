#include "trace/control.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "weft/socket_address.h"

namespace weft::tools::trace {
namespace {

constexpr size_t kLongestOrder = 1 << 16;

std::string failure(const std::string& path) {
  return fmt::format("cannot make the control socket {}: {}", path, std::strerror(errno));
}

}  // namespace

std::string Control::start(Process& process, const std::string& path, Answer answer) {
  // Under its own name it appears when orders can be sent to it.
  const std::string early = path + ".new";
  const auto address = socket_address(early);
  if (!address) return fmt::format("the path of the control socket {} is too long", path);
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socket_ = made < 0 ? -1 : process.keep_descriptor(made);
  if (socket_ < 0) return failure(path);
  unlink(early.c_str());  // of a trace that was killed
  if (bind(socket_, address->get(), address->size()) != 0) return failure(path);
  constexpr int kWaiting = 8;
  // Orders are as good as the right to trace: for the user alone.
  if (chmod(early.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(socket_, kWaiting) != 0 ||
      link(early.c_str(), path.c_str()) != 0) {
    std::string error = failure(path);
    unlink(early.c_str());
    return error;
  }
  unlink(early.c_str());
  path_ = path;
  process_ = &process;
  answer_ = std::move(answer);
  thread_ = std::thread([this] { serve(); });
  return {};
}

void Control::serve() {
  while (true) {
    const int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0 && errno != EINTR && errno != ECONNABORTED) return;
    if (connection < 0) continue;
    const int kept = process_->keep_descriptor(connection);
    if (kept < 0) continue;
    serve_one(kept);
    process_->release_descriptor(kept);
    close(kept);
  }
}

void Control::serve_one(int connection) const {
  std::string order;
  char piece[1024];
  while (order.size() < kLongestOrder) {
    const ssize_t got = recv(connection, piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    order.append(piece, static_cast<size_t>(got));
  }
  while (!order.empty() && order.back() == '\n') order.pop_back();
  const std::string answer = answer_(order);
  for (size_t sent = 0; sent < answer.size();) {
    // Who has gone away meanwhile does without.
    const ssize_t now = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
    if (now < 0 && errno != EINTR) return;
    if (now > 0) sent += static_cast<size_t>(now);
  }
}

void Control::forked() {
  if (socket_ < 0) return;
  thread_.detach();
  process_->release_descriptor(socket_);
  close(socket_);
  socket_ = -1;
  path_.clear();
}

void Control::stop() {
  if (path_.empty()) return;
  unlink(path_.c_str());
  path_.clear();
  // The thread ends with the process.
  if (thread_.joinable()) thread_.detach();
}

}  // namespace weft::tools::trace
