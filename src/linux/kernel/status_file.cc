#include "linux/kernel/status_file.h"

#include <fcntl.h>

#include <charconv>

#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {

std::optional<uint64_t> status_number(std::string_view path, std::string_view key) {
  const int64_t opened = Surroundings::instance().open_proc(path, O_RDONLY | O_CLOEXEC);
  if (failed(opened)) return std::nullopt;
  const UniqueFd fd(static_cast<int>(opened));
  char buffer[4096];
  const int64_t size =
      raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(buffer), sizeof buffer);
  if (size <= 0) return std::nullopt;
  const std::string_view text(buffer, static_cast<size_t>(size));
  const size_t found = text.find(key);
  if (found == std::string_view::npos) return std::nullopt;
  const size_t digits = text.find_first_of("0123456789", found);
  if (digits == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  std::from_chars(text.data() + digits, text.data() + text.size(), number);
  return number;
}

}  // namespace weft::linux
