#include "afl/input.h"

#include <fmt/format.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace weft::tools::afl {

void Input::start(Process& process) {
  const char* id = std::getenv("__AFL_SHM_FUZZ_ID");
  if (id == nullptr) return;
  void* at = shmat(std::atoi(id), nullptr, 0);
  if (at == reinterpret_cast<void*>(-1)) {
    process.fail(fmt::format("the inputs of afl-fuzz (shared memory {}) cannot be attached: {}", id,
                             std::strerror(errno)));
  }
  shared_ = static_cast<uint8_t*>(at);
}

std::span<uint8_t> Input::next() {
  if (shared_ != nullptr) {
    uint32_t size = 0;
    std::memcpy(&size, shared_, sizeof size);
    return {shared_ + sizeof size, size};
  }
  constexpr size_t kPiece = 1 << 16;
  size_t size = 0;
  for (;;) {
    if (bytes_.size() < size + kPiece) bytes_.resize(size + kPiece);
    const ssize_t done = read(STDIN_FILENO, bytes_.data() + size, kPiece);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    size += static_cast<size_t>(done);
  }
  return std::span(bytes_).first(size);
}

}  // namespace weft::tools::afl
