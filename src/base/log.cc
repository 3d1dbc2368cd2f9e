#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/runtime_fs.h"

namespace weft {
namespace {

std::optional<LogLevel> level_of(std::string_view name) {
  if (name == "off") return LogLevel::kOff;
  if (name == "error") return LogLevel::kError;
  if (name == "info") return LogLevel::kInfo;
  if (name == "debug") return LogLevel::kDebug;
  return std::nullopt;
}

}  // namespace

Logger& Logger::instance() {
  static Logger* const logger = new Logger;  // never destroyed: threads outlive main
  return *logger;
}

Status Logger::configure(std::string_view spec) {
  for (size_t start = 0; start <= spec.size();) {
    const size_t end = std::min(spec.find(',', start), spec.size());
    const std::string_view item = spec.substr(start, end - start);
    const size_t colon = item.find(':');
    const std::string_view name = colon == std::string_view::npos ? item : item.substr(colon + 1);
    const std::optional<LogLevel> level = level_of(name);
    if (!level || colon == 0) {
      return Error{
          fmt::format("--log: '{}' is no LEVEL or MODULE:LEVEL; levels are off, error, "
                      "info, debug",
                      item)};
    }
    if (colon == std::string_view::npos) {
      all_ = *level;
      modules_.clear();
    } else {
      modules_[std::string(item.substr(0, colon))] = *level;
    }
    start = end + 1;
  }
  LogLevel highest = all_;
  for (const auto& [module, level] : modules_) highest = std::max(highest, level);
  highest_.store(highest, std::memory_order_relaxed);
  return Unit{};
}

bool Logger::enabled(std::string_view module, LogLevel level) const {
  const auto found = modules_.find(module);
  return level <= (found == modules_.end() ? all_ : found->second);
}

void Logger::put(std::string_view module, std::string_view line) const {
  need_runtime_fs();
  const std::string text = fmt::format("weft[{}] {}: {}\n", getpid(), module, line);
  const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(written);
}

}  // namespace weft
