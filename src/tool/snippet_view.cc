// Snippets on their way from a tool into the plan of a block.
#include <array>
#include <bit>

#include "tool/block_view.h"
#include "translate/snippet.h"

namespace weft::tool {
namespace {

using translate::SnippetStep;
using Kind = SnippetStep::Kind;
using Given = weft::SnippetStep::Kind;

constexpr std::array<x86::Alu, 5> kAlu{x86::Alu::kAdd, x86::Alu::kSub, x86::Alu::kAnd,
                                       x86::Alu::kOr, x86::Alu::kXor};
static_assert(kScratches == translate::kSnippetScratches);

bool is_condition(uint8_t number) {
  constexpr uint32_t kComparisons = 0xF0FC;  // not overflow, sign and parity
  return number < 16 && (kComparisons >> number & 1) != 0;
}

}  // namespace

SnippetStep BlockView::snippet_value(Place place, const Value& value) const {
  SnippetStep step;
  switch (value.kind) {
    case Value::Kind::kConstant:
      step.number = value.number;
      return step;
    case Value::Kind::kRegister:
      if (value.number >= x86::kGprCount) mistake("no such register");
      step.kind = Kind::kRegister;
      step.number = value.number;
      return step;
    case Value::Kind::kMemoryAddress:
      step.kind = Kind::kAddress;
      step.memory = memory_address(place, value.number);
      return step;
    case Value::Kind::kThreadId:
      step.kind = Kind::kThreadWord;
      step.number = offsetof(translate::ThreadBlock, thread_id);
      return step;
    case Value::Kind::kThreadCounter:
      step.kind = Kind::kThreadWord;
      step.number = translate::tool_word_offset(
          word(ThreadCounter(static_cast<uint32_t>(value.number))).index);
      return step;
    default:
      mistake("a value that snippets cannot set");
  }
}

SnippetStep BlockView::snippet_compute(const weft::SnippetStep& given) const {
  SnippetStep step;
  step.kind = Kind::kCompute;
  step.number = static_cast<uint64_t>(given.number);
  if (given.operation < kAlu.size()) {
    step.alu = kAlu[given.operation];
    return step;
  }
  const bool left = given.operation == weft::SnippetStep::kShiftLeft;
  if (!left && given.operation != weft::SnippetStep::kShiftRight) mistake("no such operation");
  if (given.number < 0 || given.number > 63) mistake("a shift by more than 63 bits");
  step.kind = Kind::kShift;
  step.number = static_cast<uint64_t>(left ? given.number : -given.number);
  return step;
}

SnippetStep BlockView::snippet_step(Place place, const weft::SnippetStep& given) const {
  SnippetStep step;
  switch (given.kind) {
    case Given::kSet:
      step = snippet_value(place, given.value);
      break;
    case Given::kCompute:
      step = snippet_compute(given);
      break;
    case Given::kStoreWord:
      step.kind = Kind::kStoreWord;
      step.number = translate::tool_word_offset(
          word(ThreadCounter(static_cast<uint32_t>(given.number))).index);
      break;
    case Given::kSkip:
      if (!is_condition(given.operation)) mistake("no such comparison");
      step.kind = Kind::kSkip;
      step.condition = given.operation;
      step.number = static_cast<uint64_t>(given.number);
      break;
    case Given::kBitLength:
      step.kind = Kind::kBitLength;
      break;
    case Given::kCountByte:
      step.kind = Kind::kCountByte;
      step.number = static_cast<uint64_t>(given.number);
      break;
    case Given::kCopy:
    case Given::kLoad:
    case Given::kStore:
    case Given::kHere:
      step.kind = given.kind == Given::kCopy   ? Kind::kCopy
                  : given.kind == Given::kLoad ? Kind::kLoad
                  : given.kind == Given::kHere ? Kind::kHere
                                               : Kind::kStore;
      step.number = static_cast<uint64_t>(given.number);
      break;
  }
  step.to = static_cast<uint8_t>(given.to);
  step.from = static_cast<uint8_t>(given.from);
  step.constant = given.constant;
  step.width = given.width;
  step.label = given.label;
  if (step.to >= kScratches || step.from >= kScratches) mistake("a snippet has two registers");
  if (!std::has_single_bit(step.width) || step.width > 8) mistake("an access of no such width");
  return step;
}

/// Each label is placed once, behind the jump to it.
void BlockView::check_labels(const Snippet& snippet) const {
  enum class Seen : uint8_t { kNothing, kJump, kPlace };
  std::vector<Seen> seen(snippet.labels());
  for (const weft::SnippetStep& step : snippet.steps()) {
    const bool jumps = step.kind == Given::kSkip;
    if (!jumps && step.kind != Given::kHere) continue;
    const Seen expected = jumps ? Seen::kNothing : Seen::kJump;
    if (step.label >= seen.size() || seen[step.label] != expected) {
      mistake("a label of another snippet, or placed twice");
    }
    seen[step.label] = jumps ? Seen::kJump : Seen::kPlace;
  }
  for (const Seen each : seen) {
    if (each != Seen::kPlace) mistake("a label of a snippet that was not placed");
  }
}

void BlockView::add_snippet(Place place, Condition condition, const Snippet& snippet) {
  // What is left is room for the scratch registers, rsp and rax.
  constexpr int kMostRead = 11;
  const size_t count = snippet.steps().size();
  if (count == 0 || count > translate::kMostSnippetSteps)
    mistake("a snippet of 1 to 64 operations is wanted");
  check_labels(snippet);
  if (place.index == kAnywhere) place.index = 0;
  translate::Insertion insertion;
  insertion.kind = translate::Insertion::Kind::kSnippet;
  insertion.guard = guard(condition);
  for (const weft::SnippetStep& step : snippet.steps()) {
    insertion.steps.push_back(snippet_step(place, step));
  }
  if (std::popcount(translate::registers_read(insertion.steps)) > kMostRead) {
    mistake("a snippet that reads more than 11 registers");
  }
  list(place).push_back(std::move(insertion));
}

}  // namespace weft::tool
