// The list that a tool fills for one block: checked, and made part of the translator's plan. Lives
// for one call of the tool's function, on its thread.
#pragma once

#include <memory>
#include <string_view>

#include "tool/block_view.h"
#include "translate/edited_list.h"
#include "weft/instruction_list.h"

namespace weft::tool {

class ListView final : public InstructionList {
 public:
  /// Whom a mistake is blamed on, and who builds the block.
  struct Builder {
    std::string_view tool;
    Thread& thread;
    Callees& callees;
  };
  ListView(BlockView& block, translate::BlockPlan& plan, translate::PlanUse use,
           std::unique_ptr<translate::FragmentData>& data, const Builder& builder);

  /// The tool is through: makes the list the plan's.
  void finish();

  Address tag() const override { return block_.tag(); }
  Range range() const override { return block_.range(); }
  size_t size() const override { return block_.size(); }
  const Instruction& operator[](size_t index) const override { return block_[index]; }
  ListUse use() const override;
  Thread& thread() override { return builder_.thread; }
  Case choose(Versions versions) override { return block_.choose(versions); }
  void keep(Address pc, uint32_t note) override;
  void application(const ListCode& code) override;
  void insert(const ListCode& code) override;
  void load_address(Register to, ListLabel label) override;
  void call(const ListCall& call) override;
  ListLabel new_label() override;
  void place(ListLabel label) override;
  void set_fall_through(Address pc) override { list_.fall_through = {pc}; }
  void set_data(std::shared_ptr<void> data) override { list_.data = std::move(data); }

 private:
  /// Names the item that is being appended.
  [[noreturn]] void mistake(std::string_view message) const;
  translate::ListItem code(const ListCode& code);
  /// Checks what the bytes refer to, and has the item refer to it.
  void refer(translate::ListItem& item, const ListCode& code);
  void check_application(const translate::ListItem& item) const;
  void check_inserted(const translate::ListItem& item) const;
  AppPc return_address(const ListCode& code) const;
  uint32_t label(ListLabel label) const;
  Argument argument(const ListArgument& given) const;
  CallSite& new_site();
  /// Of the block's instruction at `pc`; the number of instructions if there is none.
  uint32_t index_of(Address pc) const;
  void append(const translate::ListItem& item) { list_.items.push_back(item); }

  BlockView& block_;
  translate::BlockPlan& plan_;
  translate::PlanUse use_;
  std::unique_ptr<translate::FragmentData>& data_;
  const Builder& builder_;
  translate::EditedList list_;
  std::vector<bool> placed_;  ///< by label
};

}  // namespace weft::tool
