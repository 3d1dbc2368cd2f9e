// Maps an ELF image's segments as the kernel does, and records them in the address space.
// Called before the program's first thread runs; not signal-safe.
#pragma once

#include <memory>

#include "base/result.h"
#include "linux/image/elf_image.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

struct LoadedImage {
  AppRange range;      ///< page-aligned, first to last segment
  uint64_t bias = 0;   ///< what relocation adds to the file's addresses
  uint64_t entry = 0;  ///< in memory
  uint64_t phdrs = 0;  ///< in memory; 0: not loaded
  uint16_t phdr_count = 0;
  uint64_t break_start = 0;  ///< end of the last segment, not rounded: where brk starts from
};

/// Maps `image`, whose file is `fd` (kept open by the caller, not needed afterwards) with path
/// `path`. A failure leaves nothing mapped; Error::code is an errno.
Result<LoadedImage> load_image(const ElfImage& image, int fd, const std::string& path,
                               AddressSpace& space);

}  // namespace weft::linux
