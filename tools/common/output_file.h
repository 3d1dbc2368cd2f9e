// Where a tool's results go: names with %p, and files that are complete or absent.
// A value; one thread at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace weft::tools {

/// `pattern` with %p replaced by the process number and %% by %. If `must_differ`, a pattern
/// without %p gets ".<pid>" at its end: a followed child must not overwrite its parent's file.
std::string output_name(std::string_view pattern, int pid, bool must_differ = false);

/// Whether `path` is there and no regular file: a device or a pipe, which is written to and not
/// replaced, by all processes alike.
bool is_device(const std::string& path);

/// A file written under another name and renamed when it is complete.
class OutputFile {
 public:
  /// "-" is descriptor `error_stream`. Check ok() before use; error() tells why not.
  explicit OutputFile(std::string path, int error_stream = 2);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void write(std::string_view bytes);
  /// Puts the file in its place; false, with error() set, if any byte could not be written.
  bool finish();

 private:
  void fail();

  std::string path_;
  std::string unfinished_;
  std::FILE* file_ = nullptr;
  int error_stream_;
  std::string error_;
};

/// Writes all of `bytes` to `path`; an empty string, or one line that says what went wrong.
std::string write_file(const std::string& path, std::string_view bytes, int error_stream = 2);

/// Writes a line of the tool's statistics. Where it cannot be written nobody reads it.
void tell(int error_stream, std::string_view line);

}  // namespace weft::tools
