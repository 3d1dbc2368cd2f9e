// Clean calls in code that clients encode themselves.
#include "core/clean_call.h"
#include "core/list_operand.h"
#include "core/room.h"

namespace weft::dynamorio {

std::optional<std::vector<ListArgument>> arguments_of(const CallRecord& call) {
  std::vector<ListArgument> arguments;
  for (const opnd_t& each : call.arguments) {
    const std::optional<ListArgument> argument = argument_of(each);
    if (!argument) return std::nullopt;
    arguments.push_back(*argument);
  }
  if (call.takes_flags) arguments.emplace_back().kind = ListArgument::Kind::kFlags;
  return arguments;
}

std::span<const uint8_t> code_of_call(instr_t* label) {
  const CallRecord* const call = call_at(label);
  if (call == nullptr) return {};
  if (!call->code.empty()) return call->code;
  Process& process = Room::get().process();
  const auto arguments = arguments_of(*call);
  if (!arguments) process.fail("an argument of a clean call cannot be passed");
  ListCall item;
  item.function = reinterpret_cast<void (*)()>(call->function);
  item.arguments = *arguments;
  call->code = process.lists().encode_call(item);
  return call->code;
}

}  // namespace weft::dynamorio
