#include "ext/drcallstack/frame_tables.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "core/room.h"

namespace weft::dynamorio {
namespace {

/// libdw's and libelf's functions, loaded when they are first needed.
struct Libdw {
  decltype(&::elf_version) elf_version = nullptr;
  decltype(&::elf_begin) elf_begin = nullptr;
  decltype(&::dwarf_getcfi_elf) dwarf_getcfi_elf = nullptr;
  decltype(&::dwarf_cfi_addrframe) dwarf_cfi_addrframe = nullptr;
  decltype(&::dwarf_frame_cfa) dwarf_frame_cfa = nullptr;
  decltype(&::dwarf_frame_register) dwarf_frame_register = nullptr;
  bool complete = false;

  Libdw() {
    void* const elf = dlopen("libelf.so.1", RTLD_NOW | RTLD_LOCAL);
    void* const dw = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (elf == nullptr || dw == nullptr) return;
    complete = true;
    find(elf, "elf_version", elf_version);
    find(elf, "elf_begin", elf_begin);
    find(dw, "dwarf_getcfi_elf", dwarf_getcfi_elf);
    find(dw, "dwarf_cfi_addrframe", dwarf_cfi_addrframe);
    find(dw, "dwarf_frame_cfa", dwarf_frame_cfa);
    find(dw, "dwarf_frame_register", dwarf_frame_register);
    if (complete) elf_version(EV_CURRENT);
  }

 private:
  template <typename Function>
  void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    complete = complete && function != nullptr;
  }
};

const Libdw& libdw() {
  static const Libdw libdw;
  return libdw;
}

/// Tables that were read once; they stay.
struct Tables {
  std::mutex mutex;  ///< libdw's objects are for one thread at a time
  std::map<uint32_t, Dwarf_CFI*> by_module;
};

Tables& tables() {
  static Tables tables;
  return tables;
}

Dwarf_CFI* open_table(const Module& module) {
  const int fd = open(module.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Elf* const elf = libdw().elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  close(fd);
  return elf == nullptr ? nullptr : libdw().dwarf_getcfi_elf(elf);
}

std::optional<uint64_t> load(uint64_t address) {
  uint64_t value = 0;
  const size_t done = Room::get().process().read_memory(address, &value, sizeof value);
  if (done != sizeof value) return std::nullopt;
  return value;
}

/// The operations that compilers and assemblers use in such tables.
class Expression {
 public:
  Expression(const FrameRegisters& frame, std::optional<uint64_t> cfa) : frame_(frame), cfa_(cfa) {}

  std::optional<uint64_t> run(const Dwarf_Op* ops, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (!step(ops[i])) return std::nullopt;
    }
    if (stack_.empty()) return std::nullopt;
    return stack_.back();
  }
  /// What was computed is the value itself, not its address.
  bool is_value() const { return is_value_; }

 private:
  bool step(const Dwarf_Op& op) {
    if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) {
      return push_register(op.atom - DW_OP_breg0, op.number);
    }
    if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) {
      is_value_ = true;
      return push_register(op.atom - DW_OP_reg0, 0);
    }
    if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return push(op.atom - DW_OP_lit0);
    switch (op.atom) {
      case DW_OP_bregx:
        return push_register(op.number, op.number2);
      case DW_OP_call_frame_cfa:
        return cfa_ && push(*cfa_);
      case DW_OP_plus_uconst:
        return !stack_.empty() && (stack_.back() += op.number, true);
      case DW_OP_const1u:
      case DW_OP_const1s:
      case DW_OP_const2u:
      case DW_OP_const2s:
      case DW_OP_const4u:
      case DW_OP_const4s:
      case DW_OP_const8u:
      case DW_OP_constu:
      case DW_OP_consts:
        return push(op.number);
      case DW_OP_stack_value:
        return is_value_ = true;
      case DW_OP_deref:
        return dereference();
      default:
        return combine(op.atom);
    }
  }

  bool push(uint64_t value) { return stack_.push_back(value), true; }

  bool push_register(uint64_t number, uint64_t offset) {
    return number < frame_.size() && push(frame_[number] + offset);
  }

  bool dereference() {
    if (stack_.empty()) return false;
    const std::optional<uint64_t> value = load(stack_.back());
    if (!value) return false;
    stack_.back() = *value;
    return true;
  }

  bool combine(unsigned atom) {
    if (stack_.size() < 2) return false;
    const uint64_t right = stack_.back();
    stack_.pop_back();
    uint64_t& left = stack_.back();
    switch (atom) {
      case DW_OP_plus:
        return left += right, true;
      case DW_OP_minus:
        return left -= right, true;
      case DW_OP_and:
        return left &= right, true;
      case DW_OP_shl:
        return left <<= right, true;
      case DW_OP_ge:
        return left = static_cast<int64_t>(left) >= static_cast<int64_t>(right) ? 1 : 0, true;
      default:
        return false;
    }
  }

  const FrameRegisters& frame_;
  std::optional<uint64_t> cfa_;
  std::vector<uint64_t> stack_;
  bool is_value_ = false;
};

/// One register of the caller; nothing if it is not known there.
std::optional<uint64_t> register_of(Dwarf_Frame* frame, const FrameRegisters& registers,
                                    uint64_t cfa, unsigned number) {
  Dwarf_Op memory[3];
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  if (libdw().dwarf_frame_register(frame, static_cast<int>(number), memory, &ops, &count) != 0) {
    return std::nullopt;
  }
  if (count == 0) {
    // Undefined, or as it was.
    return ops == memory ? std::nullopt : std::optional(registers[number]);
  }
  Expression expression(registers, cfa);
  const std::optional<uint64_t> result = expression.run(ops, count);
  return !result || expression.is_value() ? result : load(*result);
}

}  // namespace

std::optional<FrameRegisters> caller_of(const FrameRegisters& frame, bool is_first) {
  if (!libdw().complete) return std::nullopt;
  // A call may be the last instruction of its function.
  const uint64_t pc = frame[kFramePc] - (is_first ? 0 : 1);
  const Module* const module = Room::get().process().module_at(pc);
  if (module == nullptr) return std::nullopt;
  const std::lock_guard held(tables().mutex);
  const auto [entry, is_new] = tables().by_module.emplace(module->number, nullptr);
  if (is_new) entry->second = open_table(*module);
  Dwarf_Frame* found = nullptr;
  if (entry->second == nullptr ||
      libdw().dwarf_cfi_addrframe(entry->second, pc - module->bias, &found) != 0) {
    return std::nullopt;
  }
  FrameRegisters caller = frame;
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  std::optional<uint64_t> cfa;
  if (libdw().dwarf_frame_cfa(found, &ops, &count) == 0) {
    cfa = Expression(frame, std::nullopt).run(ops, count);
  }
  bool has_pc = false;
  for (unsigned number = 0; cfa && number < caller.size(); ++number) {
    const std::optional<uint64_t> value = register_of(found, frame, *cfa, number);
    if (value) caller[number] = *value;
    if (number == kFramePc) has_pc = value.has_value();
  }
  free(found);
  if (!cfa || !has_pc || caller[kFramePc] == 0) return std::nullopt;
  caller[kFrameStack] = *cfa;
  return caller;
}

}  // namespace weft::dynamorio
