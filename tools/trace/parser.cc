// From a script's text to its tree, by recursive descent.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "trace/lexer.h"
#include "trace/probe_text.h"
#include "trace/words.h"

namespace weft::tools::trace {
namespace {

template <typename Table, typename Name>
auto find_in(const Table& table, const Name& name) {
  return std::find_if(std::begin(table), std::end(table),
                      [&](const auto& each) { return each.name == name; });
}

ExpressionPtr make(Expression::Kind kind, Position position) {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->position = position;
  return made;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : lexer_(text) {}

  Script script() {
    Script script;
    while (lexer_.now().kind != Token::Kind::kEnd) script.actions.push_back(action());
    if (script.actions.empty())
      throw ScriptError{0, "a script needs a probe, such as 'malloc { @ = count(); }'"};
    return script;
  }

 private:
  Action action() {
    Action action;
    do {
      const Position position = lexer_.now().position;
      action.probes.push_back(parse_probe(lexer_.take_probe(), position));
    } while (lexer_.take_if(","));
    if (lexer_.take_if("/")) {
      in_filter_ = true;
      action.filter = expression();
      in_filter_ = false;
      lexer_.expect("/");
    }
    action.body = block();
    action.parameters = std::exchange(parameters_, {});
    check_parameters(action);
    return action;
  }

  static void check_parameters(const Action& action) {
    if (action.parameters.empty()) return;
    for (const Probe& probe : action.probes) {
      if (probe.kind == Probe::Kind::kFunction || probe.kind == Probe::Kind::kReturn) continue;
      throw ScriptError{action.parameters.front()->position,
                        "args is for probes of functions and their returns"};
    }
  }

  std::vector<Statement> block() {
    lexer_.expect("{");
    std::vector<Statement> statements;
    while (!lexer_.take_if("}")) {
      if (lexer_.take_if(";")) continue;
      statements.push_back(statement());
    }
    return statements;
  }

  Statement statement() {
    Statement made;
    if (lexer_.now().kind == Token::Kind::kWord && lexer_.now().text == "if") return branch();
    ExpressionPtr first = expression();
    const bool is_place =
        first->kind == Expression::Kind::kMap || first->kind == Expression::Kind::kVariable;
    if (is_place && lexer_.take_if("=")) {
      made.kind = Statement::Kind::kAssign;
      made.value = expression();
    } else if (is_place && (lexer_.at("++") || lexer_.at("--"))) {
      made.kind = Statement::Kind::kIncrement;
      made.step = lexer_.take().text == "++" ? 1 : -1;
    } else if (is_place && (lexer_.at("+=") || lexer_.at("-="))) {
      made.kind = Statement::Kind::kIncrement;
      made.step = lexer_.take().text == "+=" ? 1 : -1;
      made.value = expression();
    } else {
      made.value = std::move(first);
    }
    made.target = std::move(first);
    if (!lexer_.at("}")) lexer_.expect(";");
    return made;
  }

  Statement branch() {
    Statement made;
    made.kind = Statement::Kind::kIf;
    lexer_.take();
    lexer_.expect("(");
    made.value = expression();
    lexer_.expect(")");
    made.body = block();
    if (lexer_.now().kind == Token::Kind::kWord && lexer_.now().text == "else") {
      lexer_.take();
      if (lexer_.now().kind == Token::Kind::kWord && lexer_.now().text == "if") {
        made.otherwise.push_back(branch());
      } else {
        made.otherwise = block();
      }
    }
    return made;
  }

  ExpressionPtr expression() {
    ExpressionPtr condition = binary(1);
    if (!lexer_.at("?")) return condition;
    ExpressionPtr made = make(Expression::Kind::kChoice, lexer_.take().position);
    made->operands.push_back(std::move(condition));
    made->operands.push_back(expression());
    lexer_.expect(":");
    made->operands.push_back(expression());
    return made;
  }

  const NamedOperator* operator_here(int weakest) const {
    if (lexer_.now().kind != Token::Kind::kSign) return nullptr;
    if (in_filter_ && lexer_.at("/") && lexer_.ends_filter()) return nullptr;
    for (const NamedOperator& each : kOperators) {
      if (each.sign == lexer_.now().text && each.binding >= weakest) return &each;
    }
    return nullptr;
  }

  ExpressionPtr binary(int weakest) {
    ExpressionPtr left = unary();
    while (const NamedOperator* found = operator_here(weakest)) {
      ExpressionPtr made = make(Expression::Kind::kBinary, lexer_.take().position);
      made->op = found->op;
      made->operands.push_back(std::move(left));
      made->operands.push_back(binary(found->binding + 1));
      left = std::move(made);
    }
    return left;
  }

  ExpressionPtr unary() {
    const Position position = lexer_.now().position;
    constexpr std::pair<const char*, Operator> kUnary[] = {
        {"-", Operator::kNegate}, {"!", Operator::kNot}, {"~", Operator::kInvert}};
    for (const auto& [sign, op] : kUnary) {
      if (!lexer_.take_if(sign)) continue;
      ExpressionPtr made = make(Expression::Kind::kUnary, position);
      made->op = op;
      made->operands.push_back(unary());
      return made;
    }
    if (!lexer_.take_if("*")) return primary();
    return read(position);
  }

  /// *(u32*)(address), *(u32*)address or *address, which is 8 bytes.
  ExpressionPtr read(Position position) {
    ExpressionPtr made = make(Expression::Kind::kRead, position);
    made->number = 8;
    if (lexer_.take_if("(")) {
      const auto type = find_in(kTypes, lexer_.now().text);
      if (lexer_.now().kind == Token::Kind::kWord && type != std::end(kTypes)) {
        lexer_.take();
        lexer_.expect("*");
        lexer_.expect(")");
        made->number = type->bytes;
        made->is_signed = type->is_signed;
        made->operands.push_back(unary());
        return made;
      }
      made->operands.push_back(expression());
      lexer_.expect(")");
      return made;
    }
    ExpressionPtr operand = unary();
    // What a parameter points to has a type.
    if (is_parameter(*operand)) {
      operand->text = fmt::format("*{}", operand->text);
      return operand;
    }
    made->operands.push_back(std::move(operand));
    return made;
  }

  static bool is_parameter(const Expression& expression) {
    return expression.kind == Expression::Kind::kBuiltin &&
           expression.builtin == Builtin::kParameter;
  }

  std::vector<ExpressionPtr> list(const char* end) {
    std::vector<ExpressionPtr> all;
    if (lexer_.take_if(end)) return all;
    const bool before = std::exchange(in_filter_, false);
    do {
      all.push_back(expression());
    } while (lexer_.take_if(","));
    in_filter_ = before;
    lexer_.expect(end);
    return all;
  }

  ExpressionPtr primary() {
    const Token token = lexer_.take();
    switch (token.kind) {
      case Token::Kind::kNumber: {
        ExpressionPtr made = make(Expression::Kind::kNumber, token.position);
        made->number = token.number;
        return made;
      }
      case Token::Kind::kText:
      case Token::Kind::kVariable:
      case Token::Kind::kMap: {
        const auto kind = token.kind == Token::Kind::kText  ? Expression::Kind::kText
                          : token.kind == Token::Kind::kMap ? Expression::Kind::kMap
                                                            : Expression::Kind::kVariable;
        ExpressionPtr made = make(kind, token.position);
        made->text = token.text;
        if (kind == Expression::Kind::kMap && lexer_.take_if("[")) made->operands = list("]");
        return made;
      }
      case Token::Kind::kWord:
        return word(token);
      default:
        break;
    }
    if (token.text == "(") {
      const bool before = std::exchange(in_filter_, false);
      ExpressionPtr inner = expression();
      in_filter_ = before;
      lexer_.expect(")");
      return inner;
    }
    throw ScriptError{token.position, token.text.empty()
                                          ? "the script ends too early"
                                          : fmt::format("'{}' has no place here", token.text)};
  }

  /// args.name.field, args.name->field
  ExpressionPtr parameter(const Token& token) {
    ExpressionPtr made = make(Expression::Kind::kBuiltin, token.position);
    made->builtin = Builtin::kParameter;
    while (lexer_.take_if(".") || lexer_.take_if("->")) {
      const Token part = lexer_.take();
      if (part.kind != Token::Kind::kWord)
        throw ScriptError{part.position, "a name is missing here"};
      made->text = made->text.empty() ? part.text : fmt::format("{}.{}", made->text, part.text);
    }
    if (made->text.empty())
      throw ScriptError{token.position,
                        "args is followed by a parameter's name, such as args.size"};
    parameters_.push_back(made.get());
    return made;
  }

  ExpressionPtr stack(const Token& token) {
    ExpressionPtr made = make(Expression::Kind::kBuiltin, token.position);
    made->builtin = Builtin::kStack;
    lexer_.expect("(");
    const Token most = lexer_.take();
    if (most.kind != Token::Kind::kNumber || most.number <= 0)
      throw ScriptError{most.position, "ustack() takes a number of frames"};
    made->number = most.number;
    lexer_.expect(")");
    return made;
  }

  ExpressionPtr word(const Token& token) {
    if (token.text == "args") return parameter(token);
    if (token.text == "ustack" && lexer_.at("(")) return stack(token);
    if (lexer_.at("(")) return call(token);
    const auto found = find_in(kBuiltins, token.text);
    if (found == std::end(kBuiltins)) {
      throw ScriptError{
          token.position,
          fmt::format("nothing is called '{}'; docs/trace.md lists what there is", token.text)};
    }
    ExpressionPtr made = make(Expression::Kind::kBuiltin, token.position);
    made->builtin = found->builtin;
    made->number = found->number;
    return made;
  }

  ExpressionPtr call(const Token& token) {
    const auto found = find_in(kCalls, token.text);
    if (found == std::end(kCalls)) {
      throw ScriptError{
          token.position,
          fmt::format("no function is called '{}'; docs/trace.md lists them", token.text)};
    }
    lexer_.expect("(");
    ExpressionPtr made = make(Expression::Kind::kCall, token.position);
    made->call = found->call;
    made->operands = list(")");
    if (made->operands.size() < found->fewest || made->operands.size() > found->most) {
      throw ScriptError{token.position, fmt::format("{}() takes {} to {} arguments", token.text,
                                                    found->fewest, found->most)};
    }
    check_call(token, *made);
    return made;
  }

  static void check_call(const Token& token, const Expression& made) {
    const bool wants_map =
        made.call == Call::kClear || made.call == Call::kZero || made.call == Call::kDelete;
    if (wants_map && made.operands[0]->kind != Expression::Kind::kMap) {
      throw ScriptError{token.position, fmt::format("{}() takes a map, such as @x", token.text)};
    }
    if (made.call == Call::kPrintf && made.operands[0]->kind != Expression::Kind::kText) {
      throw ScriptError{token.position, "printf() begins with its text in quotes"};
    }
  }

  Lexer lexer_;
  bool in_filter_ = false;
  std::vector<const Expression*> parameters_;  ///< of the action that is being read
};

}  // namespace

Script parse(const std::string& text) { return Parser(text).script(); }

std::string describe(const ScriptError& error, const std::string& text) {
  const size_t at = std::min<size_t>(error.position, text.size());
  const size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const size_t start = newline == std::string::npos ? 0 : newline + 1;
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(start), '\n');
  return fmt::format("{}:{}: {}\n  {}\n  {:>{}}", line, at - start + 1, error.message,
                     text.substr(start, text.find('\n', start) - start), '^', at - start + 1);
}

}  // namespace weft::tools::trace
