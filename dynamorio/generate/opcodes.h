// The list of opcodes: Zydis's mnemonics under the names of names.h.
#pragma once

#include <Zydis/Zydis.h>

#include <map>
#include <string>
#include <vector>

namespace weft::dynamorio {

struct Opcode {
  std::string name;   // OP_<name>
  std::string shown;  // decode_opcode_name()
  ZydisMnemonic mnemonic;
};

class Opcodes {
 public:
  Opcodes();
  const std::vector<Opcode>& all() const { return all_; }
  /// The opcode that a mnemonic has unless operands choose another.
  const std::string& of(ZydisMnemonic mnemonic) const;
  /// dr_ir_opcodes_x86.h
  std::string header() const;
  /// The rows of opcode_table.inc that lead from mnemonics to opcodes.
  std::string mnemonics() const;

 private:
  void add(const std::string& name, const std::string& shown, const std::string& mnemonic);

  std::map<std::string, ZydisMnemonic> mnemonics_;
  std::map<ZydisMnemonic, std::string> default_;
  std::map<std::string, bool> known_;
  std::vector<Opcode> all_;
};

}  // namespace weft::dynamorio
