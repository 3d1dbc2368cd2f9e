// Runs a script's actions. One object a process; any thread, several at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "trace/script.h"
#include "trace/values.h"
#include "weft/stack.h"
#include "weft/symbols.h"
#include "weft/tool.h"

namespace weft::tools::trace {

/// What the place of a probe knows. Made for one run of an action.
struct Site {
  const Probe* probe = nullptr;
  std::string_view function;
  CallContext* registers = nullptr;  ///< a place in the program's code
  FunctionCall* call = nullptr;      ///< a return
  SystemCall* syscall = nullptr;
  int64_t returned = 0;
  int64_t argument = 0;  ///< of events: the signal, the thread
  uint64_t address = 0;  ///< of accesses
  uint64_t size = 0;
  std::string_view name;  ///< of the system call, or the module
  const std::map<std::string, ParameterPath>* parameters = nullptr;  ///< of a function
};

class Evaluator {
 public:
  using Print = std::function<void(const std::string&)>;

  void start(Process& process, Print print, bool json);
  void add_module(const Module& module);
  void run(const Action& action, const Site& site);
  bool is_active() const { return active_.load(std::memory_order_relaxed); }
  void stop() { active_ = false; }
  Maps& maps() { return maps_; }
  std::string all_maps();
  /// The name of the function at `pc`; empty if none is known.
  std::string function_at(Address pc) const { return symbols_.find(pc).function; }
  bool json() const { return json_; }

 private:
  using Variables = std::map<std::string, Value>;

  void run(const std::vector<Statement>& body, const Site& site, Variables& variables);
  void run(const Statement& statement, const Site& site, Variables& variables);
  void assign(const Statement& statement, const Site& site, Variables& variables);
  Value value(const Expression& expression, const Site& site, Variables& variables);
  Value builtin(const Expression& expression, const Site& site);
  int64_t argument(int64_t number, const Site& site);
  int64_t parameter(const std::string& text, const Site& site);
  std::string stack(size_t most, const Site& site);
  std::string frame_text(Address pc, bool is_first);
  Value binary(const Expression& expression, const Site& site, Variables& variables);
  Value call(const Expression& expression, const Site& site, Variables& variables);
  Value read(const Expression& expression, uint64_t address);
  std::string text_at(uint64_t address, size_t most);
  Key key(const Expression& map, const Site& site, Variables& variables);
  void aggregate(const Expression& map, const Expression& call, const Site& site,
                 Variables& variables);

  Process* process_ = nullptr;
  Print print_;
  bool json_ = false;
  std::atomic<bool> active_{true};
  std::chrono::steady_clock::time_point started_;
  Maps maps_;
  Symbols symbols_;
  std::unique_ptr<FrameTables> frames_;
  std::mutex texts_mutex_;
  std::unordered_map<Address, std::string> frame_texts_;  ///< under texts_mutex_
};

}  // namespace weft::tools::trace
