// Deletion as tools see it. Owned by the host; any thread.
#pragma once

#include <functional>

#include "cache/code_cache.h"
#include "tool/first_runs.h"
#include "weft/deletion.h"

namespace weft::engine {
class Deletions;
class Engine;
}  // namespace weft::engine

namespace weft::tool {

FragmentInfo describe(const cache::Fragment& fragment);

class CodeView final : public Code {
 public:
  explicit CodeView(FirstRuns& first_runs) : first_runs_(first_runs) {}
  void start(engine::Engine& engine) { engine_ = &engine; }

  Deleted delete_fragment(Address tag, Scope scope) override;
  uint64_t delete_fragments(std::span<const Address> tags, Scope scope) override;
  uint64_t delete_region(Range range) override;
  uint64_t delete_all() override;
  uint64_t put_back_set_once() override { return first_runs_.put_back(); }
  bool request_delete(Address tag) override;
  bool exists(Address tag) override;
  std::vector<FragmentInfo> fragments_at(Address tag) override;
  std::vector<FragmentInfo> containing(Address tag) override;
  std::vector<FragmentInfo> fragments_in(Range range) override;
  bool await_quiescence(uint64_t timeout_ns) override;
  DeletedInThread delete_in_thread(int thread, Address tag, Scope scope) override;

 private:
  /// Has `deletion` made when the block that the calling thread builds is there, if it builds one:
  /// what it deletes at once would have that block built again, without an end.
  bool put_off(std::function<void(engine::Deletions&)> deletion);

  FirstRuns& first_runs_;
  engine::Engine* engine_ = nullptr;
};

}  // namespace weft::tool
