#include "core/console.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cwchar>

#include "core/context.h"
#include "core/room.h"

file_t our_stdout = STDOUT_FILENO;
file_t our_stderr = STDERR_FILENO;
file_t our_stdin = STDIN_FILENO;

namespace weft::dynamorio {
namespace {

void keep(Process& process, file_t& stream) {
  const int copy = dup(stream);
  if (copy < 0) return;
  const int kept = process.keep_descriptor(copy);
  if (kept < 0) {
    close(copy);
  } else {
    stream = kept;
  }
}

}  // namespace

void open_console(Process& process) {
  keep(process, our_stdout);
  our_stderr = process.error_stream();
}

long write_whole(int fd, const char* text, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t written = write(fd, text + done, bytes - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<size_t>(written);
  }
  return done == 0 && bytes != 0 ? -1 : static_cast<long>(done);
}

namespace {

/// The original's %p is an address with all its digits, where no width is given.
std::string with_whole_addresses(std::string_view format) {
  std::string result;
  for (size_t i = 0; i < format.size(); ++i) {
    const std::string_view two = format.substr(i, 2);
    if (two == "%p") {
      result += "0x%016lx";
    } else {
      result += format[i];
      if (two == "%%") result += '%';
    }
    if (two == "%p" || two == "%%") ++i;
  }
  return result;
}

}  // namespace

std::string format_text(const char* given, va_list arguments) {
  const std::string whole = with_whole_addresses(given);
  const char* const format = whole.c_str();
  va_list again;
  va_copy(again, arguments);
  std::array<char, 512> room{};
  const int length = std::vsnprintf(room.data(), room.size(), format, arguments);
  std::string text;
  if (length > 0) {
    text.resize(static_cast<size_t>(length));
    if (text.size() < room.size()) {
      text.assign(room.data(), text.size());
    } else {
      std::vsnprintf(text.data(), text.size() + 1, format, again);
    }
  }
  va_end(again);
  return text;
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

void dr_log(void*, uint, uint, const char*, ...) {}
file_t dr_get_logfile(void*) { return INVALID_FILE; }
bool dr_is_notify_on() { return true; }
file_t dr_get_stdout_file() { return our_stdout; }
file_t dr_get_stderr_file() { return our_stderr; }
file_t dr_get_stdin_file() { return our_stdin; }
bool dr_enable_console_printing() { return true; }
bool dr_using_console() { return false; }

void dr_messagebox(const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const std::string text = format_text(fmt, arguments) + "\n";
  va_end(arguments);
  write_whole(our_stderr, text.data(), text.size());
}

void dr_printf(const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  dr_vfprintf(our_stdout, fmt, arguments);
  va_end(arguments);
}

ssize_t dr_fprintf(file_t f, const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const ssize_t written = dr_vfprintf(f, fmt, arguments);
  va_end(arguments);
  return written;
}

ssize_t dr_vfprintf(file_t f, const char* fmt, va_list ap) {
  const std::string text = format_text(fmt, ap);
  return write_whole(f, text.data(), text.size());
}

int dr_snprintf(char* buf, size_t max, const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const int length = dr_vsnprintf(buf, max, fmt, arguments);
  va_end(arguments);
  return length;
}

int dr_vsnprintf(char* buf, size_t max, const char* fmt, va_list ap) {
  const std::string text = format_text(fmt, ap);
  const size_t copied = text.size() < max ? text.size() : max;
  text.copy(buf, copied);
  if (copied < max) buf[copied] = '\0';
  return text.size() <= max ? static_cast<int>(text.size()) : -1;
}

int dr_snwprintf(wchar_t* buf, size_t max, const wchar_t* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const int length = dr_vsnwprintf(buf, max, fmt, arguments);
  va_end(arguments);
  return length;
}

int dr_vsnwprintf(wchar_t* buf, size_t max, const wchar_t* fmt, va_list ap) {
  return std::vswprintf(buf, max, fmt, ap);
}

int dr_sscanf(const char* str, const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const int found = std::vsscanf(str, fmt, arguments);
  va_end(arguments);
  return found;
}

const char* dr_get_token(const char* str, char* buf, size_t buflen) {
  if (str == nullptr || buflen == 0) return nullptr;
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (is_space(*str)) ++str;
  if (*str == '\0') return nullptr;
  const char quote = *str == '"' || *str == '\'' || *str == '`' ? *str : '\0';
  if (quote != '\0') ++str;
  size_t length = 0;
  while (*str != '\0' && (quote != '\0' ? *str != quote : !is_space(*str))) {
    if (length + 1 < buflen) buf[length++] = *str;
    ++str;
  }
  if (quote != '\0' && *str == quote) ++str;
  buf[length] = '\0';
  return str;
}

}  // extern "C"
