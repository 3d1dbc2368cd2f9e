// A look into an ELF file's dynamic section, read from the file, as far as loading depends on it.
// Stateless; any thread; not signal-safe.
#pragma once

#include <elf.h>

#include <span>

#include "linux/image/elf_image.h"

namespace weft::linux {

/// Whether the program was built with AddressSanitizer, ThreadSanitizer or MemorySanitizer: it
/// names the sanitizer's library as needed, or defines its start-up function itself. Anything
/// malformed: no.
bool uses_sanitizer(const ElfReader& read, std::span<const Elf64_Phdr> headers,
                    const ElfImage& image);

}  // namespace weft::linux
