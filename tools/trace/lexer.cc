#include "trace/lexer.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <string_view>

namespace weft::tools::trace {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

Token Lexer::take() {
  Token taken = now_;
  advance();
  return taken;
}

bool Lexer::take_if(const char* sign) {
  if (!at(sign)) return false;
  advance();
  return true;
}

void Lexer::expect(const char* sign) {
  if (!take_if(sign)) throw ScriptError{now_.position, fmt::format("'{}' is missing here", sign)};
}

std::string Lexer::take_probe() {
  size_t end = now_.position;
  while (end < text_.size() && !is_space(text_[end]) && text_[end] != ',' && text_[end] != '{') {
    ++end;
  }
  std::string probe = text_.substr(now_.position, end - now_.position);
  next_ = end;
  advance();
  return probe;
}

bool Lexer::ends_filter() const {
  size_t at = next_;
  while (at < text_.size() && is_space(text_[at])) ++at;
  return at == text_.size() || text_[at] == '{';
}

void Lexer::skip_space() {
  while (next_ < text_.size()) {
    if (is_space(text_[next_])) {
      ++next_;
    } else if (text_.compare(next_, 2, "//") == 0) {
      next_ = std::min(text_.find('\n', next_), text_.size());
    } else if (text_.compare(next_, 2, "/*") == 0) {
      const size_t end = text_.find("*/", next_ + 2);
      next_ = end == std::string::npos ? text_.size() : end + 2;
    } else {
      return;
    }
  }
}

void Lexer::read_number() {
  const char* start = text_.c_str() + next_;
  char* end = nullptr;
  now_.kind = Token::Kind::kNumber;
  now_.number = static_cast<int64_t>(std::strtoull(start, &end, 0));
  next_ += static_cast<size_t>(end - start);
  if (next_ < text_.size() && is_word(text_[next_])) {
    throw ScriptError{now_.position, "this is no number"};
  }
}

void Lexer::read_text() {
  now_.kind = Token::Kind::kText;
  for (++next_; next_ < text_.size() && text_[next_] != '"'; ++next_) {
    char c = text_[next_];
    if (c == '\\' && next_ + 1 < text_.size()) {
      c = text_[++next_];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    now_.text += c;
  }
  if (next_ == text_.size()) throw ScriptError{now_.position, "the end of this text is missing"};
  ++next_;
}

void Lexer::read_sign() {
  constexpr std::string_view kPairs[] = {"==", "!=", "<=", ">=", "&&", "||", "<<",
                                         ">>", "++", "--", "+=", "-=", "->"};
  now_.kind = Token::Kind::kSign;
  now_.text = text_.substr(next_, 1);
  for (const std::string_view pair : kPairs) {
    if (text_.compare(next_, 2, pair) == 0) now_.text = pair;
  }
  next_ += now_.text.size();
}

void Lexer::advance() {
  skip_space();
  now_ = Token{};
  now_.position = static_cast<Position>(next_);
  if (next_ == text_.size()) return;
  const char c = text_[next_];
  if (std::isdigit(static_cast<unsigned char>(c)) != 0) return read_number();
  if (c == '"') return read_text();
  if (c != '@' && c != '$' && !is_word(c)) return read_sign();
  now_.kind = c == '@' ? Token::Kind::kMap : c == '$' ? Token::Kind::kVariable : Token::Kind::kWord;
  if (c == '@' || c == '$') ++next_;
  const size_t start = next_;
  while (next_ < text_.size() && is_word(text_[next_])) ++next_;
  now_.text = text_.substr(start, next_ - start);
}

}  // namespace weft::tools::trace
