// Words of a script. One thread.
#pragma once

#include <string>

#include "trace/script.h"

namespace weft::tools::trace {

struct Token {
  enum class Kind : uint8_t { kEnd, kNumber, kText, kWord, kMap, kVariable, kSign };
  Kind kind = Kind::kEnd;
  Position position = 0;
  std::string text;  ///< of names without $ and @; of a sign itself
  int64_t number = 0;
};

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) { advance(); }

  const Token& now() const { return now_; }
  bool at(const char* sign) const { return now_.kind == Token::Kind::kSign && now_.text == sign; }
  Token take();
  bool take_if(const char* sign);
  void expect(const char* sign);
  /// A probe's text: up to white space, a comma or a brace, from the current token on.
  std::string take_probe();
  /// Whether the current "/" ends a filter: an action follows.
  bool ends_filter() const;

 private:
  void advance();
  void skip_space();
  void read_number();
  void read_text();
  void read_sign();

  const std::string& text_;
  size_t next_ = 0;
  Token now_;
};

}  // namespace weft::tools::trace
