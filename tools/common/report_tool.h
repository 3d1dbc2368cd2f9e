// What the bundled tools that write one report a process have in common. Owned by weft; events as
// in weft/tool.h.
#pragma once

#include <string>

#include "weft/tool.h"

namespace weft::tools {

/// Writes its report at the end of the process, and when another program takes its place.
class ReportTool : public Tool {
 public:
  void on_start(Process& process, const Options& options) override;
  void on_exit(Process& process, int status) override;
  void on_exec(Process& process) override;
  void on_fork(Process& process, Thread& thread) override;

 protected:
  /// Declares the option `output`: "-" is standard error.
  static void declare_output(OptionList& list, std::string_view default_pattern);

  /// The pattern if the user gave no `output`, where that depends on other options: then the tool
  /// declares `output` itself, with the default "".
  virtual std::string default_output(const Options& options);
  virtual void start(Process& process, const Options& options) = 0;
  /// The whole report.
  virtual std::string report(Process& process) = 0;
  /// Forgets the parent's results, in the child of a fork.
  virtual void restart(Process& process, Thread& thread) = 0;

  Process& process() { return *process_; }

 private:
  void write(Process& process);

  Process* process_ = nullptr;
  std::string pattern_;
  std::string path_;  ///< empty: not chosen yet
  int error_stream_ = 2;
};

/// Where a report of this process goes. A child's differs from its parent's, and that of a program
/// which was started by execve from its predecessor's, which has the same process number.
std::string report_path(Process& process, std::string_view pattern);

/// Tells the user on standard error what could not be written.
void complain(const std::string& error);

}  // namespace weft::tools
