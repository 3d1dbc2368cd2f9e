#include "common/html_report.h"

namespace weft::tools {
namespace {

constexpr std::string_view kStyle = R"(
body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin-bottom: 2em; }
th, td { padding: 2px 10px; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
th { cursor: pointer; background: #f2f2f2; position: sticky; top: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
tr:hover td { background: #fafae8; }
)";

// Sorts the table whose heading was clicked (numbers by value), and hides rows without the searched
// text.
constexpr std::string_view kScript = R"(
document.querySelectorAll('th').forEach(head => head.addEventListener('click', () => {
  const body = head.closest('table').tBodies[0], at = head.cellIndex, number = head.className == 'n';
  const down = head.dataset.down = head.dataset.down == '1' ? '0' : '1';
  const value = row => row.cells[at].textContent;
  const rows = [...body.rows].sort((a, b) => number ? parseFloat(value(a)) - parseFloat(value(b))
                                                    : value(a).localeCompare(value(b)));
  if (down == '1') rows.reverse();
  rows.forEach(row => body.appendChild(row));
}));
document.getElementById('search').addEventListener('input', event => {
  const wanted = event.target.value.toLowerCase();
  document.querySelectorAll('tbody tr').forEach(row =>
    row.hidden = !row.textContent.toLowerCase().includes(wanted));
});
)";

}  // namespace

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void HtmlReport::note(std::string_view text) { body_ += "<p>" + html_escape(text) + "</p>\n"; }

void HtmlReport::table(std::string_view heading, const std::vector<HtmlColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  const auto cell = [&](const char* tag, size_t column, const std::string& text) {
    body_ += std::string("<") + tag + (columns[column].is_number ? " class=\"n\">" : ">") +
             html_escape(text) + "</" + tag + ">";
  };
  body_ += "<h2>" + html_escape(heading) + "</h2>\n<table><thead><tr>";
  for (size_t i = 0; i < columns.size(); ++i) cell("th", i, columns[i].name);
  body_ += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    body_ += "<tr>";
    for (size_t i = 0; i < row.size() && i < columns.size(); ++i) cell("td", i, row[i]);
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table>\n";
}

std::string HtmlReport::text() const {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  out += html_escape(title_) + "</title><style>" + std::string(kStyle) + "</style></head><body>\n";
  out += "<h1>" + html_escape(title_) + "</h1>\n";
  out += "<p><input id=\"search\" placeholder=\"search\"></p>\n" + body_;
  out += "<script>" + std::string(kScript) + "</script></body></html>\n";
  return out;
}

}  // namespace weft::tools
