// Zydis, loaded when it is first wanted: its tables need hundreds of relocations, and a program
// without tools has no use for them. For the files that are the door to it; any thread.
#pragma once

#include <Zydis/Zydis.h>

#include "base/result.h"

namespace weft::x86 {

struct Zydis {
  decltype(&ZydisCategoryGetString) category_name;
  decltype(&ZydisDecoderDecodeFull) decode;
  decltype(&ZydisDecoderInit) init_decoder;
  decltype(&ZydisFormatterFormatInstruction) format;
  decltype(&ZydisFormatterInit) init_formatter;
  decltype(&ZydisISASetGetString) isa_set_name;
  decltype(&ZydisMnemonicGetString) mnemonic;
  decltype(&ZydisRegisterGetClass) register_class;
  decltype(&ZydisRegisterGetId) register_id;
  decltype(&ZydisRegisterGetLargestEnclosing) whole_register;
  decltype(&ZydisRegisterGetWidth) register_width;
  decltype(&ZydisRegisterGetString) register_name;

  /// Loads the library, unless that was done. An error where it is not installed.
  static Result<const Zydis*> load();
  /// The same where there is no going on without it.
  static const Zydis& get();
  /// A decoder for 64-bit code.
  static const ZydisDecoder& decoder();
};

}  // namespace weft::x86
