// What clients may ask of the runtime's options, by the original's names. Constant once made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace weft::dynamorio {

class RuntimeOptions {
 public:
  RuntimeOptions() = default;
  /// `text`: drrun's options, name or name=value, as the command line encodes them.
  explicit RuntimeOptions(std::string_view text);

  /// Its value, as given or as it is without; nothing if it is unknown. One without a value is "1",
  /// or "0" where its name begins with no_.
  std::optional<std::string> find(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> given_;
};

/// The process's: set once, before the first client is loaded.
RuntimeOptions& runtime_options();

}  // namespace weft::dynamorio
