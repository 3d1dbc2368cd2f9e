#include "tool/functions.h"

#include <algorithm>

#include "tool/thread_view.h"
#include "weft/symbols.h"

namespace weft::tool {

namespace {

constexpr std::array kArgumentRegisters{Register::kRdi, Register::kRsi, Register::kRdx,
                                        Register::kRcx, Register::kR8,  Register::kR9};

class CallView final : public FunctionCall {
 public:
  CallView(Process& process, CallContext& context, Address function, Address return_address,
           uint64_t slot)
      : process_(process),
        context_(context),
        function_(function),
        return_address_(return_address),
        slot_(slot) {}

  uint64_t argument(int n) const override {
    const auto number = static_cast<size_t>(n);
    if (number < kArgumentRegisters.size()) {
      return entered_ != nullptr ? (*entered_)[number] : context_.get(kArgumentRegisters[number]);
    }
    uint64_t value = 0;
    process_.read_memory(stack_argument(number), &value, sizeof value);
    return value;
  }
  void set_argument(int n, uint64_t value) override {
    const auto number = static_cast<size_t>(n);
    if (number < kArgumentRegisters.size()) {
      context_.set(kArgumentRegisters[number], value);
    } else {
      process_.write_memory(stack_argument(number), &value, sizeof value);
    }
  }
  uint64_t result() const override { return context_.get(Register::kRax); }
  void set_result(uint64_t value) override { context_.set(Register::kRax, value); }
  void skip(uint64_t result) override {
    set_result(result);
    skipped_ = true;
  }
  void run_original() override { original_ = true; }
  Address function() const override { return function_; }
  Address return_address() const override { return return_address_; }
  uint64_t& data() override { return *data_; }
  CallContext& context() override { return context_; }
  Thread& thread() override { return context_.thread(); }

  bool skipped() const { return skipped_; }
  bool original() const { return original_; }
  /// For `after`: the arguments of the entry.
  void set_entered(const std::array<uint64_t, 6>& arguments) { entered_ = &arguments; }
  /// For the wrap whose hook is called next.
  void set_data(uint64_t& data) {
    data_ = &data;
    original_ = false;
  }

 private:
  uint64_t stack_argument(size_t number) const {
    return slot_ + sizeof(uint64_t) * (1 + number - kArgumentRegisters.size());
  }

  Process& process_;
  CallContext& context_;
  Address function_;
  Address return_address_;
  uint64_t slot_;  ///< where the return address is
  const std::array<uint64_t, 6>* entered_ = nullptr;
  uint64_t* data_ = nullptr;
  bool skipped_ = false;
  bool original_ = false;
};

FunctionSlots& slots_of(CallContext& context) {
  return static_cast<ThreadView&>(context.thread()).function_slots;
}

bool is_meant(const FunctionWrap& wrap, const Module& module) {
  const std::string_view path = module.path;
  return !wrap.name.empty() && wrap.active && module.loaded &&
         path.substr(path.rfind('/') + 1).starts_with(wrap.module);
}

}  // namespace

Wrap FunctionTable::add(std::unique_ptr<FunctionWrap> wrap) {
  used_ = true;
  const Locked held(lock_);
  const auto number = static_cast<uint32_t>(wraps_.size());
  wraps_.push_back(std::move(wrap));
  return Wrap(number);
}

Wrap FunctionTable::wrap(std::string_view name, FunctionHook before, FunctionHook after) {
  auto wrap = std::make_unique<FunctionWrap>();
  FunctionWrap& added = *wrap;
  const size_t mark = name.find('!');
  if (mark != std::string_view::npos) wrap->module = name.substr(0, mark);
  wrap->name = mark != std::string_view::npos ? name.substr(mark + 1) : name;
  wrap->before = std::move(before);
  wrap->after = std::move(after);
  const Wrap result = add(std::move(wrap));
  // A module that appears meanwhile is found here or by module_loaded(), or by both.
  for (const Module* module : process_.modules()) {
    if (!is_meant(added, *module)) continue;
    const std::unique_ptr<SymbolFile> file = SymbolFile::open(module->path);
    if (!file) continue;
    for (const uint64_t address : file->addresses_of(added.name)) {
      attach(added, module->bias + address);
    }
  }
  return result;
}

Wrap FunctionTable::wrap(Address function, FunctionHook before, FunctionHook after) {
  auto wrap = std::make_unique<FunctionWrap>();
  FunctionWrap& added = *wrap;
  wrap->before = std::move(before);
  wrap->after = std::move(after);
  const Wrap result = add(std::move(wrap));
  attach(added, function);
  return result;
}

void FunctionTable::attach(FunctionWrap& wrap, Address address) {
  {
    const Locked held(lock_);
    std::unique_ptr<FunctionTarget>& target = targets_[address];
    if (!target) {
      target = std::make_unique<FunctionTarget>(
          FunctionTarget{this, address, std::make_shared<FunctionWraps>()});
    }
    if (std::find(target->wraps->begin(), target->wraps->end(), &wrap) != target->wraps->end()) {
      return;
    }
    auto wraps = std::make_shared<FunctionWraps>(*target->wraps);
    wraps->push_back(&wrap);
    target->wraps = std::move(wraps);
  }
  process_.code().delete_region({address, address + 1});
}

void FunctionTable::remove(Wrap wrap) {
  std::vector<Address> changed;
  {
    const Locked held(lock_);
    if (wrap.number() >= wraps_.size()) return;
    FunctionWrap* const removed = wraps_[wrap.number()].get();
    removed->active = false;
    for (const auto& [address, target] : targets_) {
      auto wraps = std::make_shared<FunctionWraps>(*target->wraps);
      if (std::erase(*wraps, removed) == 0) continue;
      target->wraps = std::move(wraps);
      changed.push_back(address);
    }
  }
  for (const Address address : changed) process_.code().delete_region({address, address + 1});
}

size_t FunctionTable::places(Wrap wrap) const {
  const Locked held(lock_);
  if (wrap.number() >= wraps_.size()) return 0;
  FunctionWrap* const wanted = wraps_[wrap.number()].get();
  size_t count = 0;
  for (const auto& [address, target] : targets_) {
    count +=
        std::find(target->wraps->begin(), target->wraps->end(), wanted) != target->wraps->end();
  }
  return count;
}

void FunctionTable::module_loaded(const Module& module) {
  if (!used_) return;
  FunctionWraps wanted;
  {
    const Locked held(lock_);
    for (const auto& wrap : wraps_) {
      if (is_meant(*wrap, module)) wanted.push_back(wrap.get());
    }
  }
  if (wanted.empty()) return;
  const std::unique_ptr<SymbolFile> file = SymbolFile::open(module.path);
  if (!file) return;
  for (FunctionWrap* wrap : wanted) {
    for (const uint64_t address : file->addresses_of(wrap->name)) {
      attach(*wrap, module.bias + address);
    }
  }
}

void FunctionTable::module_unloaded(const Module& module) {
  if (!used_) return;
  const Locked held(lock_);
  const auto first = targets_.lower_bound(module.range.start);
  const auto last = targets_.lower_bound(module.range.end);
  for (auto at = first; at != last; ++at) ended_.push_back(std::move(at->second));
  targets_.erase(first, last);
  returns_.erase(returns_.lower_bound(module.range.start), returns_.lower_bound(module.range.end));
}

void FunctionTable::instrument(Block& block) {
  if (!used_) return;
  // Before the look at returns_: what is built of this block's successors knows no fewer of them.
  const uint64_t built = stamp_.load();
  std::vector<FunctionTarget*> found;
  bool is_return = false;
  const InstructionKind last = block[block.size() - 1].kind();
  bool is_call = last == InstructionKind::kCall || last == InstructionKind::kIndirectCall;
  {
    const Locked held(lock_);
    const Range range = block.range();
    is_return = returns_.contains(block.tag());
    is_call = is_call && returns_.contains(range.end);
    for (auto at = targets_.lower_bound(range.start); at != targets_.end() && at->first < range.end;
         ++at) {
      if (!at->second->wraps->empty()) found.push_back(at->second.get());
    }
  }
  if (is_return) block.before(0).call(leave, call_context(), this);
  if (is_call) block.before(block.size() - 1).call(expect, call_context(), this);
  for (FunctionTarget* target : found) {
    for (size_t i = 0; i < block.size(); ++i) {
      if (block[i].pc() != target->address) continue;
      block.before(i).call(enter, call_context(), target, built, block.tag());
    }
  }
}

std::shared_ptr<const FunctionWraps> FunctionTable::wraps_of(const FunctionTarget& target) const {
  const Locked held(lock_);
  return target.wraps;
}

/// Whether a thread in code that was built at `built` can only return into code that looks for it.
bool FunctionTable::prepare_return(Address site, uint64_t built) {
  {
    const Locked held(lock_);
    const uint64_t ready = returns_[site];
    if (ready != 0) return built >= ready;
  }
  process_.code().delete_fragment(site);
  process_.code().delete_region({site - 1, site});  // the call
  const Locked held(lock_);
  returns_[site] = ++stamp_;
  return false;
}

void FunctionTable::enter(CallContext& context, FunctionTarget* target, uint64_t built,
                          Address tag) {
  FunctionTable& table = *target->table;
  const auto wraps = table.wraps_of(*target);
  const uint64_t slot = context.get(Register::kRsp);
  Address return_address = 0;
  table.process_.read_memory(slot, &return_address, sizeof return_address);
  const bool returns = std::any_of(wraps->begin(), wraps->end(),
                                   [](const FunctionWrap* wrap) { return bool(wrap->after); });
  if (returns && !table.prepare_return(return_address, built)) {
    // This fragment may contain the return place as it was: on in a new one.
    table.process_.code().delete_fragment(tag);
    context.redirect(target->address);
    return;
  }
  CallView call(table.process_, context, target->address, return_address, slot);
  FunctionFrame frame;
  frame.target = target;
  for (FunctionWrap* wrap : *wraps) {
    uint64_t data = 0;
    call.set_data(data);
    if (wrap->active && wrap->before) wrap->before(call);
    if (call.skipped()) {
      context.set(Register::kRsp, slot + sizeof(uint64_t));
      context.redirect(return_address);
      return;
    }
    if (wrap->after) frame.due.emplace_back(wrap, data);
  }
  if (frame.due.empty()) return;
  for (size_t i = 0; i < frame.arguments.size(); ++i) {
    frame.arguments[i] = context.get(kArgumentRegisters[i]);
  }
  FunctionSlot& kept = slots_of(context)[slot];
  if (kept.return_address != return_address) kept.frames.clear();
  // The same function in the same place was left without a return, or jumped to its own start.
  const auto same = std::find_if(kept.frames.begin(), kept.frames.end(),
                                 [&](const FunctionFrame& each) { return each.target == target; });
  kept.frames.erase(same, kept.frames.end());
  kept.return_address = return_address;
  kept.frames.push_back(std::move(frame));
}

/// A call that returns to where wrapped functions do: what is kept under its slot has been left.
void FunctionTable::expect(CallContext& context, FunctionTable*) {
  FunctionSlots& slots = slots_of(context);
  if (!slots.empty()) slots.erase(context.get(Register::kRsp) - sizeof(uint64_t));
}

void FunctionTable::leave(CallContext& context, FunctionTable*) {
  FunctionSlots& slots = slots_of(context);
  const auto found = slots.find(context.get(Register::kRsp) - sizeof(uint64_t));
  if (found == slots.end() || found->second.return_address != context.pc()) return;
  std::vector<FunctionFrame> frames = std::move(found->second.frames);
  slots.erase(found);
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    run_after(context, context.pc(), *frame);
  }
}

void FunctionTable::run_after(CallContext& context, Address site, FunctionFrame& frame) {
  CallView call(frame.target->table->process_, context, frame.target->address, site,
                context.get(Register::kRsp) - sizeof(uint64_t));
  call.set_entered(frame.arguments);
  for (auto due = frame.due.rbegin(); due != frame.due.rend(); ++due) {
    call.set_data(due->second);
    if (due->first->active) due->first->after(call);
  }
}

void FunctionTable::run_replaced(FunctionCall& call, uint64_t result) {
  if (!static_cast<CallView&>(call).original()) call.skip(result);
}

}  // namespace weft::tool
