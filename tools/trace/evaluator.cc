#include "trace/evaluator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "trace/show.h"

namespace weft::tools::trace {
namespace {

constexpr Register kArguments[] = {Register::kRdi, Register::kRsi, Register::kRdx,
                                   Register::kRcx, Register::kR8,  Register::kR9};

int64_t divide(int64_t left, int64_t right, bool modulo) {
  if (right == 0) return 0;
  if (right == -1) return modulo ? 0 : static_cast<int64_t>(0 - static_cast<uint64_t>(left));
  return modulo ? left % right : left / right;
}

int64_t compute(Operator op, int64_t left, int64_t right) {
  const auto a = static_cast<uint64_t>(left);
  const auto b = static_cast<uint64_t>(right);
  switch (op) {
    case Operator::kAdd:
      return static_cast<int64_t>(a + b);
    case Operator::kSubtract:
      return static_cast<int64_t>(a - b);
    case Operator::kMultiply:
      return static_cast<int64_t>(a * b);
    case Operator::kDivide:
      return divide(left, right, false);
    case Operator::kModulo:
      return divide(left, right, true);
    case Operator::kAnd:
      return left & right;
    case Operator::kOr:
      return left | right;
    case Operator::kXor:
      return left ^ right;
    case Operator::kShiftLeft:
      return b > 63 ? 0 : static_cast<int64_t>(a << b);
    case Operator::kShiftRight:
      return b > 63 ? 0 : static_cast<int64_t>(a >> b);
    case Operator::kLess:
      return left < right ? 1 : 0;
    case Operator::kNotGreater:
      return left <= right ? 1 : 0;
    case Operator::kGreater:
      return left > right ? 1 : 0;
    case Operator::kNotLess:
      return left >= right ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace

void Evaluator::start(Process& process, Print print, bool json) {
  process_ = &process;
  print_ = std::move(print);
  json_ = json;
  started_ = std::chrono::steady_clock::now();
  frames_ = std::make_unique<FrameTables>(process);
}

void Evaluator::add_module(const Module& module) {
  {
    const std::lock_guard held(texts_mutex_);
    frame_texts_.clear();
  }
  symbols_.add_module(module.path, module.range.start, module.range.end);
}

void Evaluator::run(const Action& action, const Site& site) {
  if (!is_active()) return;
  Variables variables;
  if (action.filter && !value(*action.filter, site, variables).truth()) return;
  run(action.body, site, variables);
}

void Evaluator::run(const std::vector<Statement>& body, const Site& site, Variables& variables) {
  for (const Statement& statement : body) run(statement, site, variables);
}

void Evaluator::run(const Statement& statement, const Site& site, Variables& variables) {
  switch (statement.kind) {
    case Statement::Kind::kExpression:
      value(*statement.value, site, variables);
      return;
    case Statement::Kind::kIf:
      run(value(*statement.value, site, variables).truth() ? statement.body : statement.otherwise,
          site, variables);
      return;
    case Statement::Kind::kAssign:
      return assign(statement, site, variables);
    case Statement::Kind::kIncrement: {
      const int64_t amount = statement.value ? value(*statement.value, site, variables).number : 1;
      const int64_t step = statement.step * amount;
      if (statement.target->kind == Expression::Kind::kVariable) {
        variables[statement.target->text].number += step;
        return;
      }
      maps_.change(statement.target->text, key(*statement.target, site, variables),
                   [&](Cell& cell) { cell.value.number += step; });
      return;
    }
  }
}

void Evaluator::assign(const Statement& statement, const Site& site, Variables& variables) {
  const Expression& target = *statement.target;
  const Expression& given = *statement.value;
  if (target.kind == Expression::Kind::kVariable) {
    variables[target.text] = value(given, site, variables);
  } else if (given.kind == Expression::Kind::kCall && given.call >= Call::kCount) {
    aggregate(target, given, site, variables);
  } else {
    Value assigned = value(given, site, variables);
    maps_.change(target.text, key(target, site, variables), [&](Cell& cell) {
      cell.kind = Call::kStr;
      cell.value = std::move(assigned);
    });
  }
}

void Evaluator::aggregate(const Expression& map, const Expression& call, const Site& site,
                          Variables& variables) {
  std::vector<int64_t> given;
  for (const ExpressionPtr& each : call.operands) {
    given.push_back(value(*each, site, variables).number);
  }
  const int64_t amount = given.empty() ? 1 : given[0];
  const bool steps = call.call == Call::kLhist;
  if (steps && given[3] <= 0) return;
  maps_.change(map.text, key(map, site, variables), [&](Cell& cell) {
    cell.add(call.call, amount);
    if (call.call == Call::kHist) cell.add_to_bucket(power_bucket(amount));
    if (!steps) return;
    cell.from = given[1];
    cell.to = given[2];
    cell.step = given[3];
    cell.add_to_bucket(step_bucket(amount, cell.from, cell.to, cell.step));
  });
}

Key Evaluator::key(const Expression& map, const Site& site, Variables& variables) {
  Key key;
  for (const ExpressionPtr& each : map.operands) key.push_back(value(*each, site, variables));
  return key;
}

Value Evaluator::value(const Expression& expression, const Site& site, Variables& variables) {
  switch (expression.kind) {
    case Expression::Kind::kNumber:
      return Value::of(expression.number);
    case Expression::Kind::kText:
      return Value::of(expression.text);
    case Expression::Kind::kBuiltin:
      return builtin(expression, site);
    case Expression::Kind::kVariable:
      return variables[expression.text];
    case Expression::Kind::kMap:
      return maps_.get(expression.text, key(expression, site, variables));
    case Expression::Kind::kUnary: {
      const Value operand = value(*expression.operands[0], site, variables);
      if (expression.op == Operator::kNot) return Value::of(operand.truth() ? 0 : 1);
      if (expression.op == Operator::kInvert) return Value::of(~operand.number);
      return Value::of(compute(Operator::kSubtract, 0, operand.number));
    }
    case Expression::Kind::kBinary:
      return binary(expression, site, variables);
    case Expression::Kind::kChoice: {
      const bool first = value(*expression.operands[0], site, variables).truth();
      return value(*expression.operands[first ? 1 : 2], site, variables);
    }
    case Expression::Kind::kRead:
      return read(expression,
                  static_cast<uint64_t>(value(*expression.operands[0], site, variables).number));
    case Expression::Kind::kCall:
      return call(expression, site, variables);
  }
  return {};
}

Value Evaluator::binary(const Expression& expression, const Site& site, Variables& variables) {
  const Value left = value(*expression.operands[0], site, variables);
  // The right side does not run where the left one decides.
  if (expression.op == Operator::kBoth && !left.truth()) return Value::of(0);
  if (expression.op == Operator::kEither && left.truth()) return Value::of(1);
  const Value right = value(*expression.operands[1], site, variables);
  switch (expression.op) {
    case Operator::kBoth:
    case Operator::kEither:
      return Value::of(right.truth() ? 1 : 0);
    case Operator::kEqual:
      return Value::of(left == right ? 1 : 0);
    case Operator::kNotEqual:
      return Value::of(left == right ? 0 : 1);
    default:
      return Value::of(compute(expression.op, left.number, right.number));
  }
}

int64_t Evaluator::argument(int64_t number, const Site& site) {
  if (site.syscall != nullptr) {
    return number < 6 ? static_cast<int64_t>(site.syscall->argument(static_cast<int>(number))) : 0;
  }
  if (site.call != nullptr)
    return static_cast<int64_t>(site.call->argument(static_cast<int>(number)));
  if (site.registers == nullptr) return number == 0 ? site.argument : 0;
  if (number < 6) return static_cast<int64_t>(site.registers->get(kArguments[number]));
  const uint64_t slot =
      site.registers->get(Register::kRsp) + 8 * (static_cast<uint64_t>(number) - 5);
  uint64_t result = 0;
  process_->read_memory(slot, &result, sizeof result);
  return static_cast<int64_t>(result);
}

Value Evaluator::builtin(const Expression& expression, const Site& site) {
  const auto registers = [&](Register reg) {
    return site.registers == nullptr ? 0 : static_cast<int64_t>(site.registers->get(reg));
  };
  switch (expression.builtin) {
    case Builtin::kArgument:
      return Value::of(argument(expression.number, site));
    case Builtin::kRegister:
      return Value::of(registers(static_cast<Register>(expression.number)));
    case Builtin::kReturned:
      return Value::of(site.returned);
    case Builtin::kPid:
      return Value::of(int64_t{process_->id()});
    case Builtin::kTid:
      return Value::of(int64_t{gettid()});
    case Builtin::kComm: {
      const std::string& path = process_->program();
      return Value::of(path.substr(path.rfind('/') + 1).substr(0, 15));
    }
    case Builtin::kNsecs:
    case Builtin::kElapsed: {
      auto now = std::chrono::steady_clock::now().time_since_epoch();
      if (expression.builtin == Builtin::kElapsed) now -= started_.time_since_epoch();
      return Value::of(int64_t{std::chrono::nanoseconds(now).count()});
    }
    case Builtin::kProbe:
      return Value::of(site.probe->text);
    case Builtin::kFunction:
      if (!site.function.empty()) return Value::of(std::string(site.function));
      return Value::of(site.registers == nullptr ? "" : function_at(site.registers->pc()));
    case Builtin::kCaller: {
      uint64_t back = 0;
      process_->read_memory(static_cast<uint64_t>(registers(Register::kRsp)), &back, sizeof back);
      return Value::of(symbols_.find(back).text(back));
    }
    case Builtin::kParameter:
      return Value::of(parameter(expression.text, site));
    case Builtin::kStack:
      return Value::of(stack(static_cast<size_t>(expression.number), site));
    case Builtin::kAddress:
      return Value::of(static_cast<int64_t>(site.address));
    case Builtin::kSize:
      return Value::of(static_cast<int64_t>(site.size));
    case Builtin::kName:
      return Value::of(std::string(site.name));
    case Builtin::kPc:
      return Value::of(site.registers == nullptr ? 0 : static_cast<int64_t>(site.registers->pc()));
    case Builtin::kModule:
      return Value::of(site.registers == nullptr ? std::string(site.name)
                                                 : symbols_.find(site.registers->pc()).module);
  }
  return {};
}

Value Evaluator::read(const Expression& expression, uint64_t address) {
  uint64_t bytes = 0;
  const auto size = static_cast<size_t>(expression.number);
  if (process_->read_memory(address, &bytes, size) != size) return Value::of(0);
  if (!expression.is_signed || size == 8) return Value::of(static_cast<int64_t>(bytes));
  const uint64_t sign = uint64_t{1} << (8 * size - 1);
  return Value::of(static_cast<int64_t>((bytes ^ sign) - sign));
}

std::string Evaluator::text_at(uint64_t address, size_t most) {
  std::string text;
  char piece[64];
  while (text.size() < most) {
    const size_t got = process_->read_memory(address + text.size(), piece, sizeof piece);
    const size_t end = strnlen(piece, got);
    text.append(piece, std::min(end, most - text.size()));
    if (end < sizeof piece) break;
  }
  return text;
}

Value Evaluator::call(const Expression& expression, const Site& site, Variables& variables) {
  constexpr size_t kLongestText = 256;
  const auto& given = expression.operands;
  const auto number = [&](size_t index) { return value(*given[index], site, variables).number; };
  switch (expression.call) {
    case Call::kStr:
      return Value::of(text_at(static_cast<uint64_t>(number(0)),
                               given.size() > 1 ? static_cast<size_t>(number(1)) : kLongestText));
    case Call::kSym: {
      const auto address = static_cast<uint64_t>(number(0));
      return Value::of(symbols_.find(address).text(address));
    }
    case Call::kPrintf: {
      std::vector<Value> values;
      for (size_t i = 1; i < given.size(); ++i) values.push_back(value(*given[i], site, variables));
      print_(show_line("printf", format_values(given[0]->text, values), json_));
      return {};
    }
    case Call::kPrint:
      if (given[0]->kind == Expression::Kind::kMap && given[0]->operands.empty()) {
        print_(show_map(given[0]->text, maps_.all(given[0]->text),
                        given.size() > 1 ? static_cast<size_t>(number(1)) : 0, json_));
      } else {
        print_(show_line("value", value(*given[0], site, variables).shown() + "\n", json_));
      }
      return {};
    case Call::kClear:
      return maps_.clear(given[0]->text), Value{};
    case Call::kZero:
      return maps_.zero(given[0]->text), Value{};
    case Call::kDelete:
      return maps_.remove(given[0]->text, key(*given[0], site, variables)), Value{};
    case Call::kExit:
      stop();
      return {};
    default:
      return {};  // aggregations have a meaning as the value of a map only
  }
}

std::string Evaluator::all_maps() {
  std::string text;
  for (const std::string& name : maps_.names())
    text += show_map(name, maps_.all(name), 0, json_) + (json_ ? "" : "\n");
  return text;
}

}  // namespace weft::tools::trace
