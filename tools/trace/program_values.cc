// Values that need the program's debug information or frame tables.
#include <fmt/format.h>

#include "trace/evaluator.h"

namespace weft::tools::trace {

int64_t Evaluator::parameter(const std::string& text, const Site& site) {
  if (site.parameters == nullptr) return 0;
  const auto found = site.parameters->find(text);
  if (found == site.parameters->end()) return 0;
  const ParameterPath& path = found->second;
  constexpr unsigned kWordBits = 64;
  auto value = static_cast<uint64_t>(argument(path.argument, site));
  for (size_t i = 0; i < path.offsets.size(); ++i) {
    const uint64_t address = value + static_cast<uint64_t>(path.offsets[i]);
    const bool is_last = i + 1 == path.offsets.size();
    if (is_last && path.is_address) return static_cast<int64_t>(address);
    const size_t bytes = is_last ? (path.shift + path.bits + 7u) / 8 : sizeof value;
    value = 0;
    if (process_->read_memory(address, &value, bytes) != bytes) return 0;
  }
  value >>= path.shift;
  if (path.bits == kWordBits) return static_cast<int64_t>(value);
  value &= (uint64_t{1} << path.bits) - 1;
  if (!path.is_signed) return static_cast<int64_t>(value);
  const uint64_t sign = uint64_t{1} << (path.bits - 1);
  return static_cast<int64_t>((value ^ sign) - sign);
}

std::string Evaluator::frame_text(Address pc, bool is_first) {
  const std::lock_guard held(texts_mutex_);
  std::string& text = frame_texts_[pc];
  if (!text.empty()) return text;
  // A return address may be the first one behind its function.
  Location location = symbols_.find(is_first ? pc : pc - 1);
  text = location.text(pc);
  if (location.function.empty() && !location.module.empty()) {
    text = fmt::format("{}+{:#x}", location.module.substr(location.module.rfind('/') + 1),
                       pc - location.module_start);
  }
  return text;
}

std::string Evaluator::stack(size_t most, const Site& site) {
  const CallContext* const context = site.registers != nullptr ? site.registers
                                     : site.call != nullptr    ? &site.call->context()
                                     : site.syscall != nullptr ? &site.syscall->thread().context()
                                                               : nullptr;
  std::string text = "\n";
  if (context == nullptr) return text;
  bool is_first = true;
  for (const Address pc : frames_->trace(*context, most)) {
    text += "    " + frame_text(pc, is_first) + "\n";
    is_first = false;
  }
  return text;
}

}  // namespace weft::tools::trace
