// A tool's options: declared once, given as --tool NAME:key=value,key=value. Owned by the tool's
// host; declared before on_start(), constant and for any thread afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

/// What Tool::declare() fills. Names are lower-case words, joined by '-'.
class OptionList {
 public:
  OptionList(const OptionList&) = delete;
  OptionList& operator=(const OptionList&) = delete;

  virtual void add_text(std::string_view name, std::string_view default_value,
                        std::string_view help) = 0;
  /// Decimal or 0x; a suffix k, M or G multiplies by 1024 and its powers.
  virtual void add_number(std::string_view name, uint64_t default_value, std::string_view help) = 0;
  /// Given as `name` or `name=on|off`.
  virtual void add_flag(std::string_view name, bool default_value, std::string_view help) = 0;

 protected:
  OptionList() = default;
  ~OptionList() = default;
};

/// What the user gave, checked. Asking for a name that was not declared stops the process.
class Options {
 public:
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  virtual std::string text(std::string_view name) const = 0;
  virtual uint64_t number(std::string_view name) const = 0;
  virtual bool flag(std::string_view name) const = 0;
  /// Whether the user gave it.
  virtual bool given(std::string_view name) const = 0;

 protected:
  Options() = default;
  ~Options() = default;
};

}  // namespace weft
