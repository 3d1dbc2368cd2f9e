#include "cli/followed_exec.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

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
  } else if (name == "--exec-kept") {
    followed.kept = value;
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

/// The user's options that may well be passed on to each process of a build.
struct UserOptions {
  std::string_view persist;
  std::vector<std::string> tools;
  bool no_images = false;
};

/// The value of an option that is `word`, or begins it, and whose value may be the next word; that
/// word, if it is used, is passed by.
std::optional<std::string_view> value_of(std::string_view name, int own, char** argv, int& i) {
  const std::string_view word = argv[i];
  if (word == name) return i + 1 < own ? std::optional<std::string_view>(argv[++i]) : std::nullopt;
  if (!word.starts_with(name) || word[name.size()] != '=') return std::nullopt;
  return word.substr(name.size() + 1);
}

bool take_user_option(int own, char** argv, int& i, UserOptions& user) {
  if (const auto tool = value_of("--tool", own, argv, i)) {
    user.tools.emplace_back(*tool);
    return !tool->empty();
  }
  if (const auto directory = value_of("--persist", own, argv, i)) {
    const bool first = user.persist.empty();
    user.persist = *directory;
    return first && !directory->empty();
  }
  const bool none = std::string_view(argv[i]) == "--no-persist";
  user.no_images = user.no_images || none;
  return none;
}

}  // namespace

bool take_followed_exec(int own, char** argv, FollowedExec& followed, engine::Options& options,
                        std::vector<std::string>& tools) {
  FollowedExec taken;
  UserOptions user;
  int seccomp_fd = options.seccomp_fd;
  for (int i = 2; i < own; ++i) {
    if (!take(argv[i], taken, seccomp_fd) && !take_user_option(own, argv, i, user)) return false;
  }
  followed = std::move(taken);
  options.seccomp_fd = seccomp_fd;
  options.persist_asked = !user.persist.empty();
  if (options.persist_asked) options.persist = std::filesystem::absolute(user.persist).string();
  options.no_images = user.no_images;
  tools = std::move(user.tools);
  return true;
}

}  // namespace weft::cli
