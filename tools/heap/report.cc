#include "heap/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "common/report_parts.h"

namespace weft::tools {
namespace {

/// What a place is called, each looked up once.
class Places {
 public:
  explicit Places(const Symbols& symbols) : symbols_(symbols) {}

  /// A return address belongs to the call in front of it.
  const Location& at(Address pc, bool is_first) {
    const Address place = is_first ? pc : pc - 1;
    const auto [found, made] = known_.try_emplace(place);
    if (made) found->second = symbols_.find(place);
    return found->second;
  }

 private:
  const Symbols& symbols_;
  std::unordered_map<Address, Location> known_;
};

std::string short_name(const Location& where, Address pc) {
  std::string name = where.function;
  if (name.empty()) name = where.module.empty() ? fmt::format("{:#x}", pc) : where.text(pc);
  if (where.source.line == 0) return name;
  return fmt::format("{} ({}:{})", name, last_part(where.source.file), where.source.line);
}

std::string short_stack(const Stack& stack, Places& places) {
  std::string text;
  for (size_t i = 0; i < stack.size(); ++i) {
    const Location& where = places.at(stack[i], i == 0);
    if (i != 0) text += " < ";
    // Where in the allocator it starts is of no interest.
    text += i == 0 && !where.function.empty() ? where.function : short_name(where, stack[i]);
  }
  return text;
}

double seconds(uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

struct Row {
  const Site* site = nullptr;
  Amount amount;
};

/// Those with most bytes first; equal ones in the order in which they came.
std::vector<Row> sorted(const Ledger& ledger, Amount (*amount_of)(const Ledger&, const Site&)) {
  std::vector<Row> rows;
  for (const Site& site : ledger.sites()) {
    const Amount amount = amount_of(ledger, site);
    if (amount.blocks != 0) rows.push_back({&site, amount});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.amount.bytes > b.amount.bytes; });
  return rows;
}

void list_rows(std::string& out, std::string_view title, const std::vector<Row>& rows,
               uint64_t whole, size_t top, Places& places) {
  auto text = std::back_inserter(out);
  fmt::format_to(text, "\n{}:\n  share         bytes    blocks  stack\n", title);
  const size_t shown = top == 0 ? rows.size() : std::min(top, rows.size());
  for (size_t i = 0; i < shown; ++i) {
    const auto& [site, amount] = rows[i];
    fmt::format_to(text, "{:6.2f}%  {:12}  {:8}  {}\n", percent(amount.bytes, whole), amount.bytes,
                   amount.blocks, short_stack(*site->stack, places));
  }
  if (shown < rows.size()) fmt::format_to(text, "  and {} more\n", rows.size() - shown);
}

/// "0x1234: main (file.c:3)", as the viewer shows it.
std::string frame_text(const Location& where, Address pc) {
  const std::string name = where.function.empty() ? "???" : where.function;
  if (where.source.line != 0) {
    return fmt::format("{:#x}: {} ({}:{})", pc, name, last_part(where.source.file),
                       where.source.line);
  }
  return where.module.empty() ? fmt::format("{:#x}: {}", pc, name)
                              : fmt::format("{:#x}: {} (in {})", pc, name, where.module);
}

}  // namespace

std::string stack_text(const Stack& stack, const Symbols& symbols) {
  Places places(symbols);
  return short_stack(stack, places);
}

std::string heap_text(const Ledger& ledger, const HeapRun& run, const Symbols& symbols) {
  Places places(symbols);
  const Amount& most = ledger.most();
  std::string out = fmt::format(
      "heap: process {} ({}): {} bytes in {} allocations, {} failed, {} errors\n", run.pid,
      run.program, ledger.total().bytes, ledger.total().blocks, run.failed, run.errors);
  fmt::format_to(std::back_inserter(out),
                 "  at the peak, after {:.3f} of {:.3f} seconds: {} bytes in {} blocks\n",
                 seconds(ledger.time_of_most()), seconds(run.microseconds), most.bytes,
                 most.blocks);
  fmt::format_to(std::back_inserter(out), "  still allocated at the end: {} bytes in {} blocks\n",
                 ledger.live().bytes, ledger.live().blocks);
  list_rows(out, "live at the peak",
            sorted(ledger, [](const Ledger& all, const Site& site) { return all.at_peak(site); }),
            most.bytes, run.top, places);
  list_rows(out, "most bytes in total",
            sorted(ledger, [](const Ledger&, const Site& site) { return site.total; }),
            ledger.total().bytes, run.top, places);
  list_rows(out, "still allocated at the end",
            sorted(ledger, [](const Ledger&, const Site& site) { return site.live; }),
            ledger.live().bytes, run.top, places);
  return out;
}

std::string heap_dhat(const Ledger& ledger, const HeapRun& run, const Symbols& symbols) {
  Places places(symbols);
  nlohmann::ordered_json frames = nlohmann::ordered_json::array({"[root]"});
  std::unordered_map<Address, size_t> numbers;
  const auto number_of = [&](Address pc, bool is_first) {
    const auto [found, made] = numbers.try_emplace(pc, frames.size());
    if (made) frames.push_back(frame_text(places.at(pc, is_first), pc));
    return found->second;
  };
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const Site& site : ledger.sites()) {
    nlohmann::ordered_json stack = nlohmann::ordered_json::array();
    for (size_t i = 0; i < site.stack->size(); ++i)
      stack.push_back(number_of((*site.stack)[i], i == 0));
    const Amount peak = ledger.at_peak(site);
    points.push_back({{"tb", site.total.bytes},
                      {"tbk", site.total.blocks},
                      {"tl", site.lifetimes},
                      {"mb", site.most.bytes},
                      {"mbk", site.most.blocks},
                      {"gb", peak.bytes},
                      {"gbk", peak.blocks},
                      {"eb", site.live.bytes},
                      {"ebk", site.live.blocks},
                      {"fs", stack}});
  }
  // A block that lives for less than 10 microseconds is shown as short-lived.
  const nlohmann::ordered_json all{{"dhatFileVersion", 2},
                                   {"mode", "heap"},
                                   {"verb", "Allocated"},
                                   {"bklt", true},
                                   {"bkacc", false},
                                   {"tu", "µs"},
                                   {"Mtu", "s"},
                                   {"tuth", 10},
                                   {"cmd", command_line(run.arguments)},
                                   {"pid", run.pid},
                                   {"te", run.microseconds},
                                   {"tg", ledger.time_of_most()},
                                   {"pps", points},
                                   {"ftbl", frames}};
  return all.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weft::tools
