#include "cli/followed_exec.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace weft::cli {
namespace {

std::optional<int> number_in(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool take(std::string_view word, FollowedExec& followed, int& seccomp_fd) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  if (name == "--exec-path") {
    followed.path = value;
  } else if (name == "--exec-name") {
    followed.name = value;
  } else if (name == "--exec-held") {
    followed.held = value;
  } else if (name == "--exec-images") {
    followed.images = value;
  } else if (name == "--exec-fd" || name == "--seccomp-fd") {
    const std::optional<int> number = number_in(value);
    if (!number) return false;
    (name == "--exec-fd" ? followed.fd : seccomp_fd) = *number;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool take_followed_exec(int own, char** argv, FollowedExec& followed, engine::Options& options) {
  FollowedExec taken;
  int seccomp_fd = options.seccomp_fd;
  for (int i = 2; i < own; ++i) {
    if (!take(argv[i], taken, seccomp_fd)) return false;
  }
  followed = taken;
  options.seccomp_fd = seccomp_fd;
  return true;
}

}  // namespace weft::cli
