// Feeds arbitrary bytes to the reader of ELF headers and of script lines: it must refuse them or
// give an image that the loader can map without a check of its own.
#include <cstdint>
#include <cstring>
#include <span>

#include "base/check.h"
#include "linux/image/elf_image.h"
#include "linux/image/script.h"
#include "linux/memory/layout.h"

namespace {

using weft::kPageSize;
using weft::linux::ElfImage;
using weft::linux::ElfSegment;
using weft::linux::kUserEnd;

void check_sound(const ElfImage& image, uint64_t file_size) {
  CHECK(!image.segments.empty());
  CHECK(image.span.start < image.span.end);
  CHECK(image.span.end.value <= kUserEnd + kPageSize);
  CHECK(image.align >= kPageSize && (image.align & (image.align - 1)) == 0);
  for (const ElfSegment& segment : image.segments) {
    CHECK(segment.filesz <= segment.memsz);
    CHECK(segment.vaddr >= image.span.start.value);
    CHECK(segment.memsz <= image.span.end.value - segment.vaddr);
    CHECK(segment.offset <= file_size && segment.filesz <= file_size - segment.offset);
    CHECK(segment.vaddr % kPageSize == segment.offset % kPageSize);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> file(data, size);
  const weft::linux::ElfReader read = [file](uint64_t offset, std::span<uint8_t> out) {
    if (offset > file.size() || out.size() > file.size() - offset) return false;
    std::memcpy(out.data(), file.data() + offset, out.size());
    return true;
  };
  const auto image = weft::linux::read_elf(read, size);
  if (image.ok()) {
    check_sound(image.value(), size);
  } else {
    CHECK(!image.error().message.empty() && image.error().code != 0);
  }
  const auto script = weft::linux::parse_script_line({reinterpret_cast<const char*>(data), size});
  CHECK(!script.ok() || !script.value() ||
        script.value()->interpreter.size() < weft::linux::kScriptWindow);
  return 0;
}
