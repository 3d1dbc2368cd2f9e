// Names the program's own start. Built outside the tree, too, against an installation.
#include <cstdio>

#include "weft/symbols.h"
#include "weft/tool.h"

namespace {

class Names final : public weft::Tool {
 public:
  void on_module_load(const weft::Module& module) override {
    symbols_.add_module(module.path, module.range.start, module.range.end);
    if (entry_ == 0) entry_ = module.entry;
  }
  void on_exit(weft::Process&, int) override {
    std::fprintf(stderr, "names: %s\n", symbols_.find(entry_).text(entry_).c_str());
  }

 private:
  weft::Symbols symbols_;
  weft::Address entry_ = 0;
};

}  // namespace

WEFT_TOOL(Names);
