#include "core/runtime_options.h"

#include <cstring>
#include <string>

#include "core/encoded_word.h"
#include "dr_api.h"

namespace weft::dynamorio {
namespace {

/// Those that clients are known to ask for, as they are when nobody gives them.
const std::map<std::string, std::string, std::less<>>& defaults() {
  static const std::map<std::string, std::string, std::less<>> values{
      {"enable_traces", "1"},   {"disable_traces", "0"},   {"thread_private", "0"},
      {"steal_fds", "96"},      {"native_exec_list", ""},  {"opt_cleancall", "2"},
      {"follow_children", "1"}, {"max_bb_instrs", "1024"}, {"trace_threshold", "50"},
      {"stderr_mask", "0"},     {"stack_size", "409600"},
  };
  return values;
}

}  // namespace

RuntimeOptions::RuntimeOptions(std::string_view text) {
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string word = decode_word(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (word.empty()) continue;
    const size_t sign = word.find('=');
    constexpr std::string_view kNot = "no_";
    if (sign != std::string::npos) {
      given_[word.substr(0, sign)] = word.substr(sign + 1);
    } else if (word.starts_with(kNot)) {
      given_[word.substr(kNot.size())] = "0";
    } else {
      given_[word] = "1";
    }
  }
  if (given_.contains("disable_traces")) given_["enable_traces"] = "0";
}

std::optional<std::string> RuntimeOptions::find(std::string_view name) const {
  for (const auto* table : {&given_, &defaults()}) {
    const auto found = table->find(name);
    if (found != table->end()) return found->second;
  }
  return std::nullopt;
}

RuntimeOptions& runtime_options() {
  static RuntimeOptions options;
  return options;
}

}  // namespace weft::dynamorio

using weft::dynamorio::runtime_options;

extern "C" {

bool dr_get_string_option(const char* option_name, char* buf, size_t len) {
  const std::optional<std::string> value = runtime_options().find(option_name);
  if (!value || len == 0) return false;
  const size_t copied = std::min(value->size(), len - 1);
  std::memcpy(buf, value->data(), copied);
  buf[copied] = '\0';
  return true;
}

bool dr_get_integer_option(const char* option_name, uint64* val) {
  *val = 0;
  const std::optional<std::string> value = runtime_options().find(option_name);
  if (!value) return false;
  char* end = nullptr;
  const uint64 number = std::strtoull(value->c_str(), &end, 0);
  if (end == value->c_str()) return false;
  *val = number;
  return true;
}

bool dr_using_all_private_caches() { return runtime_options().find("thread_private") == "1"; }

}  // extern "C"
