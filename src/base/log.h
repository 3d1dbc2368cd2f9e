// Diagnostic lines for whoever works on weft, chosen by --log: one module a source file, named as
// it. Any thread, once configured; not for signal handlers (fmt may allocate there).
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft {

enum class LogLevel : uint8_t { kOff, kError, kInfo, kDebug };

class Logger {
 public:
  /// The process's logger: the one mutable global of weft, because a line of log may be wanted
  /// anywhere. Off until configured.
  static Logger& instance();

  /// "LEVEL" for every module or "MODULE:LEVEL", several with commas; the later ones win. Called
  /// before there are threads.
  Status configure(std::string_view spec);

  bool may_log(LogLevel level) const { return level <= highest_.load(std::memory_order_relaxed); }
  bool enabled(std::string_view module, LogLevel level) const;

  /// One line, in one write(2), cut at kLongest.
  template <typename... Args>
  void write(std::string_view module, fmt::format_string<Args...> format, Args&&... args) const {
    char line[kLongest];
    const auto result = fmt::format_to_n(line, sizeof line, format, std::forward<Args>(args)...);
    put(module, {line, result.size < sizeof line ? result.size : sizeof line});
  }

 private:
  static constexpr size_t kLongest = 512;

  void put(std::string_view module, std::string_view line) const;

  std::atomic<LogLevel> highest_ = LogLevel::kOff;
  LogLevel all_ = LogLevel::kOff;
  std::map<std::string, LogLevel, std::less<>> modules_;
};

/// Modules whose file name alone would not say what they are.
struct NamedLogModule {
  std::string_view file, name;
};
inline constexpr NamedLogModule kNamedLogModules[] = {
    {"linux/call/process/exec.cc", "sys_exec"},
    {"linux/signal/services.cc", "signal_services"},
    {"linux/signal/delivery.cc", "signal_delivery"},
};

/// "src/engine/run.cc" -> "run".
constexpr std::string_view log_module(std::string_view path) {
  for (const NamedLogModule& named : kNamedLogModules) {
    if (path.ends_with(named.file)) return named.name;
  }
  path.remove_prefix(path.rfind('/') + 1);
  return path.substr(0, path.find('.'));
}

}  // namespace weft

/// WEFT_LOG(kInfo, "{} entries", count): one predictable branch while logging is off.
#define WEFT_LOG(level, ...)                                                              \
  do {                                                                                    \
    if (::weft::Logger::instance().may_log(::weft::LogLevel::level)) [[unlikely]] {       \
      constexpr std::string_view weft_log_module = ::weft::log_module(__FILE__);          \
      if (::weft::Logger::instance().enabled(weft_log_module, ::weft::LogLevel::level)) { \
        ::weft::Logger::instance().write(weft_log_module, __VA_ARGS__);                   \
      }                                                                                   \
    }                                                                                     \
  } while (false)
