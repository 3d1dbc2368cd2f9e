// A socket by which a trace takes orders while it runs: what who connects sends until it shuts its
// side, then an answer, and the end. One object a process, with a thread of its own.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "weft/tool.h"

namespace weft::tools::trace {

class Control {
 public:
  using Answer = std::function<std::string(const std::string& order)>;

  /// Listens at `path`, where there must be nothing. Empty, or one line that says what went wrong.
  std::string start(Process& process, const std::string& path, Answer answer);
  /// In the child of a fork, which has no such thread.
  void forked();
  /// Nobody can connect any more.
  void stop();

 private:
  void serve();
  void serve_one(int connection) const;

  Process* process_ = nullptr;
  std::string path_;
  Answer answer_;
  int socket_ = -1;
  std::thread thread_;
};

}  // namespace weft::tools::trace
