#include "generate/opcodes.h"

#include <fmt/format.h>

#include <utility>

#include "generate/names.h"

namespace weft::dynamorio {
Opcodes::Opcodes() {
  for (int m = ZYDIS_MNEMONIC_INVALID + 1; m <= ZYDIS_MNEMONIC_MAX_VALUE; ++m) {
    const auto mnemonic = static_cast<ZydisMnemonic>(m);
    mnemonics_[ZydisMnemonicGetString(mnemonic)] = mnemonic;
  }
  for (const auto& [name, mnemonic] : mnemonics_) default_[mnemonic] = name;
  for (const Renamed& renamed : kRenamed) {
    const auto found = mnemonics_.find(std::string(renamed.mnemonic));
    if (found != mnemonics_.end()) default_[found->second] = renamed.opcode;
  }
  for (const char* prefix : {"j", "set", "cmov"}) {
    for (const std::string_view condition : kConditions) {
      const std::string name = prefix + std::string(condition);
      add(name, name, name);
    }
  }
  for (const std::string_view condition : kConditions) {
    const std::string name = "j" + std::string(condition);
    add(name + "_short", name, name);
  }
  for (const Chosen& chosen : kChosen) {
    add(std::string(chosen.opcode), std::string(chosen.shown), std::string(chosen.mnemonic));
  }
  for (const auto& [name, mnemonic] : mnemonics_) {
    const std::string& opcode = default_[mnemonic];
    add(opcode, opcode, mnemonics_.contains(opcode) ? opcode : name);
  }
}

void Opcodes::add(const std::string& name, const std::string& shown, const std::string& mnemonic) {
  if (std::exchange(known_[name], true)) return;
  const auto found = mnemonics_.find(mnemonic);
  all_.push_back({name, shown, found == mnemonics_.end() ? ZYDIS_MNEMONIC_INVALID : found->second});
}

const std::string& Opcodes::of(ZydisMnemonic mnemonic) const { return default_.at(mnemonic); }

std::string Opcodes::header() const {
  std::string text =
      "/* Generated. All opcodes of x86. The order means nothing, but that each group of "
      "conditions is in "
      "their order. */\n#ifndef DR_IR_OPCODES_X86_H\n#define DR_IR_OPCODES_X86_H\n\nenum {\n"
      "  OP_INVALID,\n  OP_UNDECODED,\n  OP_CONTD, /* never seen: kept for clients that name it "
      "*/\n"
      "  OP_LABEL,\n";
  for (const Opcode& opcode : all_) text += fmt::format("  OP_{},\n", opcode.name);
  text +=
      fmt::format("  OP_AFTER_LAST,\n  OP_FIRST = OP_{},\n  OP_LAST = OP_AFTER_LAST - 1\n}};\n\n",
                  all_.front().name);
  for (const Renamed& renamed : kRenamed) {
    if (renamed.alias)
      text += fmt::format("#define OP_{} OP_{}\n", renamed.mnemonic, renamed.opcode);
  }
  for (const Alias& alias : kAliases)
    text += fmt::format("#define OP_{} OP_{}\n", alias.name, alias.opcode);
  for (const char* form : {"j{}", "j{}_short", "set{}", "cmov{}"}) {
    for (const Alias& alias : kConditionAliases) {
      text += fmt::format("#define OP_{} OP_{}\n", fmt::format(fmt::runtime(form), alias.name),
                          fmt::format(fmt::runtime(form), alias.opcode));
    }
  }
  return text + "\n#endif\n";
}

std::string Opcodes::mnemonics() const {
  std::string text = "// MNEMONIC(mnemonic, opcode)\n#ifdef MNEMONIC\n";
  for (const auto& [mnemonic, opcode] : default_) {
    text += fmt::format("MNEMONIC({}, {})\n", static_cast<int>(mnemonic), opcode);
  }
  return text + "#endif\n";
}

}  // namespace weft::dynamorio
