// A tool whose blocks have two versions that do nothing: what the choice at the entry costs.
#include "weft/tool.h"

namespace {

class TwoVersions final : public weft::Tool {
 public:
  void declare(weft::OptionList& options) override {
    options.add_flag("shared", false, "one word for all threads instead of one for each");
  }
  void on_start(weft::Process& process, const weft::Options& options) override {
    versions_ = options.flag("shared")
                    ? process.new_versions(process.new_counter(), {{0}, 0, 1})
                    : process.new_versions(process.new_thread_counter(), {{0}, 0, 1});
  }
  void on_block(weft::Block& block) override { static_cast<void>(block.choose(versions_)); }

 private:
  weft::Versions versions_;
};

}  // namespace

WEFT_TOOL(TwoVersions);
