#include "base/check.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/runtime_fs.h"

namespace weft {
namespace {

void put(const char* text) noexcept {
  const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

}  // namespace

void check_failed(const char* file, int line, const char* what) noexcept {
  need_runtime_fs();
  char digits[12];
  char* cursor = digits + sizeof digits - 1;
  *cursor = '\0';
  do {
    *--cursor = static_cast<char>('0' + line % 10);
    line /= 10;
  } while (line > 0);
  put("weft: ");
  put(file);
  put(":");
  put(cursor);
  put(": CHECK failed: ");
  put(what);
  put("\n");
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

}  // namespace weft
