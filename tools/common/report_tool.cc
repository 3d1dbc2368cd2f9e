#include "common/report_tool.h"

#include <unistd.h>

#include <cstdio>

#include "common/output_file.h"

namespace weft::tools {

void complain(const std::string& error) {
  if (!error.empty()) std::fprintf(stderr, "weft: %s\n", error.c_str());
}

std::string report_path(Process& process, std::string_view pattern) {
  std::string plain = output_name(pattern, process.id());
  if (is_device(plain)) return plain;
  const std::string first = output_name(pattern, process.id(), process.is_child());
  std::string path = first;
  if (first == "-" || !process.is_child()) return path;
  for (int next = 1; access(path.c_str(), F_OK) == 0; ++next)
    path = first + "." + std::to_string(next);
  return path;
}

void ReportTool::declare_output(OptionList& list, std::string_view default_pattern) {
  list.add_text("output", default_pattern,
                "file to write; %p is the process number, - is standard error");
}

std::string ReportTool::default_output(const Options& /*options*/) { return {}; }

void ReportTool::on_start(Process& process, const Options& options) {
  process_ = &process;
  pattern_ = options.text("output");
  if (pattern_.empty()) pattern_ = default_output(options);
  if (pattern_ == "-") error_stream_ = process.error_stream();
  start(process, options);
}

void ReportTool::write(Process& process) {
  if (path_.empty()) path_ = report_path(process, pattern_);
  complain(write_file(path_, report(process), error_stream_));
}

void ReportTool::on_exit(Process& process, int /*status*/) { write(process); }

void ReportTool::on_exec(Process& process) { write(process); }

void ReportTool::on_fork(Process& process, Thread& thread) {
  process_ = &process;
  path_.clear();
  restart(process, thread);
}

}  // namespace weft::tools
