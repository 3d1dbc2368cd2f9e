#include "trace/map_use.h"

#include <algorithm>

namespace weft::tools::trace {
namespace {

class Search {
 public:
  void visit(const Action& action) {
    if (action.filter) visit(*action.filter);
    for (const Statement& each : action.body) visit(each);
  }
  std::set<std::string> take() { return std::move(maps_); }

 private:
  void visit(const Statement& statement) {
    const bool sums = statement.kind == Statement::Kind::kAssign &&
                      statement.value->kind == Expression::Kind::kCall &&
                      statement.value->call >= Call::kCount;
    if (statement.target && sums) {
      for (const ExpressionPtr& key : statement.target->operands) visit(*key);
    } else if (statement.target) {
      visit(*statement.target);
    }
    if (statement.value) visit(*statement.value);
    for (const Statement& each : statement.body) visit(each);
    for (const Statement& each : statement.otherwise) visit(each);
  }

  void visit(const Expression& expression) {
    if (expression.kind == Expression::Kind::kMap) maps_.insert(expression.text);
    for (const ExpressionPtr& each : expression.operands) visit(*each);
  }

  std::set<std::string> maps_;
};

bool sees_all_sums(const Probe& probe) {
  return probe.kind == Probe::Kind::kEnd || probe.kind == Probe::Kind::kInterval;
}

}  // namespace

std::set<std::string> maps_in_use(const Script& script) {
  Search search;
  for (const Action& action : script.actions) {
    if (!std::all_of(action.probes.begin(), action.probes.end(), sees_all_sums))
      search.visit(action);
  }
  return search.take();
}

}  // namespace weft::tools::trace
