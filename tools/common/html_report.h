// A page with tables that can be sorted and searched, in one file without anything from the
// network. A value; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::tools {

/// A column of numbers is shown to the right, and sorts by value.
struct HtmlColumn {
  std::string name;
  bool is_number = false;
};

class HtmlReport {
 public:
  explicit HtmlReport(std::string title) : title_(std::move(title)) {}
  /// A line of text below the title.
  void note(std::string_view text);
  void table(std::string_view heading, const std::vector<HtmlColumn>& columns,
             const std::vector<std::vector<std::string>>& rows);
  std::string text() const;

 private:
  std::string title_;
  std::string body_;
};

/// `text` with the characters that mean something to HTML replaced.
std::string html_escape(std::string_view text);

}  // namespace weft::tools
