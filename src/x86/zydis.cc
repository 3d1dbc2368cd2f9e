#include "x86/zydis.h"

#include <dlfcn.h>

#include <optional>
#include <string>

#include "base/check.h"

namespace weft::x86 {
namespace {

constexpr const char* kLibrary = "libZydis.so.4.0";

template <typename Function>
bool find(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

std::optional<Zydis> open() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  Zydis found{};
  const bool complete = find(library, found.category_name, "ZydisCategoryGetString") &&
                        find(library, found.decode, "ZydisDecoderDecodeFull") &&
                        find(library, found.init_decoder, "ZydisDecoderInit") &&
                        find(library, found.format, "ZydisFormatterFormatInstruction") &&
                        find(library, found.init_formatter, "ZydisFormatterInit") &&
                        find(library, found.isa_set_name, "ZydisISASetGetString") &&
                        find(library, found.mnemonic, "ZydisMnemonicGetString") &&
                        find(library, found.register_class, "ZydisRegisterGetClass") &&
                        find(library, found.register_id, "ZydisRegisterGetId") &&
                        find(library, found.whole_register, "ZydisRegisterGetLargestEnclosing") &&
                        find(library, found.register_name, "ZydisRegisterGetString") &&
                        find(library, found.register_width, "ZydisRegisterGetWidth");
  return complete ? std::optional(found) : std::nullopt;
}

ZydisDecoder make_decoder() {
  ZydisDecoder made;
  Zydis::get().init_decoder(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return made;
}

}  // namespace

Result<const Zydis*> Zydis::load() {
  static const std::optional<Zydis> instance = open();
  if (instance) return &*instance;
  return Error{std::string("cannot load ") + kLibrary + "; install Debian's package libzydis4.0",
               0};
}

const Zydis& Zydis::get() {
  const Result<const Zydis*> loaded = load();
  CHECK(loaded);
  return *loaded.value();
}

const ZydisDecoder& Zydis::decoder() {
  static const ZydisDecoder instance = make_decoder();
  return instance;
}

}  // namespace weft::x86
