// One tool's options: what it declared and what the user gave. Owned by the loaded tool; written
// before the program starts, then constant and for any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "weft/options.h"

namespace weft::tool {

class OptionTable final : public OptionList, public Options {
 public:
  explicit OptionTable(std::string tool) : tool_(std::move(tool)) {}

  /// `text` is key=value,key=value,... A comma in a value is written twice.
  Status parse(std::string_view text);
  std::string help() const;

  // OptionList
  void add_text(std::string_view name, std::string_view default_value,
                std::string_view help) override;
  void add_number(std::string_view name, uint64_t default_value, std::string_view help) override;
  void add_flag(std::string_view name, bool default_value, std::string_view help) override;
  // Options
  std::string text(std::string_view name) const override;
  uint64_t number(std::string_view name) const override;
  bool flag(std::string_view name) const override;
  bool given(std::string_view name) const override;

 private:
  enum class Type : uint8_t { kText, kNumber, kFlag };
  struct Entry {
    std::string name;
    Type type;
    std::string value;
    std::string help;
    uint64_t number = 0;
    bool given = false;
  };

  void add(std::string_view name, Type type, std::string value, std::string_view help);
  Status set(std::string_view name, bool has_value, std::string_view value);
  const Entry& entry(std::string_view name, Type type) const;
  const Entry& entry(std::string_view name) const;

  std::string tool_;
  std::vector<Entry> entries_;
};

}  // namespace weft::tool
