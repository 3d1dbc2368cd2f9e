#include "afl/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace weft::tools::afl {
namespace {

/// Decimal, or hexadecimal behind 0x.
std::optional<uint64_t> number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

std::optional<uint64_t> number_in(Process& process, const char* name) {
  const std::string_view text = environment(name);
  if (text.empty()) return {};
  const std::optional<uint64_t> value = number(text);
  if (!value) process.fail(fmt::format("{}={} is no number; give one, such as 0x1234", name, text));
  return value;
}

CodeChoice code_choice(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const std::optional<uint64_t> start = number(text.substr(0, dash));
    const std::optional<uint64_t> end = number(text.substr(dash + 1));
    if (start && end) return {"", {*start, *end}};
  }
  return {std::string(text), {}};
}

std::vector<CodeChoice> code_choices(const char* name) {
  std::vector<CodeChoice> choices;
  std::string_view text = environment(name);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma != 0) choices.push_back(code_choice(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return choices;
}

}  // namespace

void declare_settings(OptionList& list) {
  list.add_text("harness", "",
                "function of the program that is called with each input: NAME or 0xADDRESS; "
                "default LLVMFuzzerTestOneInput if the program has it, 'none' for none");
  list.add_text(
      "protocol", "old",
      "handshake with afl-fuzz: 'old' is understood by all versions, 'new' from 4.20c on");
}

Settings read_settings(Process& process, const Options& options) {
  Settings settings;
  settings.all_modules = !environment("AFL_INST_LIBS").empty();
  settings.included = code_choices("AFL_QEMU_INST_RANGES");
  settings.excluded = code_choices("AFL_QEMU_EXCLUDE_RANGES");
  settings.entry = number_in(process, "AFL_ENTRYPOINT");
  settings.loop_start = number_in(process, "AFL_QEMU_PERSISTENT_ADDR");
  settings.loop_end = number_in(process, "AFL_QEMU_PERSISTENT_RET");
  settings.return_offset = number_in(process, "AFL_QEMU_PERSISTENT_RETADDR_OFFSET").value_or(0);
  settings.rounds = number_in(process, "AFL_QEMU_PERSISTENT_CNT").value_or(settings.rounds);
  settings.hook = environment("AFL_QEMU_PERSISTENT_HOOK");
  settings.harness = options.text("harness");
  settings.debug = !environment("AFL_DEBUG").empty();
  const std::string protocol = options.text("protocol");
  if (protocol != "old" && protocol != "new") process.fail("protocol is 'old' or 'new'");
  settings.new_protocol = protocol == "new";
  if (settings.loop_end && !settings.loop_start) {
    process.fail("AFL_QEMU_PERSISTENT_RET without AFL_QEMU_PERSISTENT_ADDR; give both");
  }
  return settings;
}

std::optional<Address> locate(Address given, const Module& program) {
  constexpr Address kBases[] = {0x4000000000, 0x555555554000, 0x400000};
  if (program.range.contains(given)) return given;
  if (given < program.range.size()) return program.range.start + given;
  for (const Address base : kBases) {
    if (given >= base && given - base < program.range.size()) {
      return program.range.start + (given - base);
    }
  }
  return {};
}

}  // namespace weft::tools::afl
