#include "linux/image/elf_dynamic.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace weft::linux {
namespace {

/// More than any real program has: what is larger is taken for malformed.
constexpr uint64_t kMostDynamicEntries = 4096;
constexpr uint32_t kLongestChain = 65536;

/// The tables of a dynamic section, by address before relocation; 0: not there.
struct Dynamic {
  std::vector<uint64_t> needed;  ///< offsets into strings
  uint64_t strings = 0;
  uint64_t symbols = 0;
  uint64_t gnu_hash = 0;
};

class DynamicReader {
 public:
  DynamicReader(const ElfReader& read, const ElfImage& image) : read_(read), image_(image) {}

  /// The value at address `at` of the loaded image, as the file has it.
  template <typename T>
  std::optional<T> load(uint64_t at) const {
    for (const ElfSegment& segment : image_.segments) {
      if (at < segment.vaddr || at - segment.vaddr >= segment.filesz) continue;
      const uint64_t within = at - segment.vaddr;
      if (segment.filesz - within < sizeof(T)) return std::nullopt;
      return fetch<T>(segment, within);
    }
    return std::nullopt;
  }

  /// Whether the string at `at` starts with `prefix`.
  bool starts_with(uint64_t at, std::string_view prefix) const {
    for (const char wanted : prefix) {
      const auto got = load<char>(at++);
      if (got != wanted) return false;
    }
    return true;
  }

  bool equals(uint64_t at, std::string_view text) const {
    return starts_with(at, text) && load<char>(at + text.size()) == '\0';
  }

  Dynamic read_dynamic(uint64_t at, uint64_t bytes) const {
    Dynamic dynamic;
    const uint64_t count = std::min(bytes / sizeof(Elf64_Dyn), kMostDynamicEntries);
    for (uint64_t i = 0; i < count; ++i) {
      const auto entry = load<Elf64_Dyn>(at + i * sizeof(Elf64_Dyn));
      if (!entry || entry->d_tag == DT_NULL) break;
      if (entry->d_tag == DT_NEEDED) dynamic.needed.push_back(entry->d_un.d_val);
      if (entry->d_tag == DT_STRTAB) dynamic.strings = entry->d_un.d_ptr;
      if (entry->d_tag == DT_SYMTAB) dynamic.symbols = entry->d_un.d_ptr;
      if (entry->d_tag == DT_GNU_HASH) dynamic.gnu_hash = entry->d_un.d_ptr;
    }
    return dynamic;
  }

  bool defines(const Dynamic& dynamic, std::string_view name) const;

 private:
  /// Reads a block at a time, since what is asked for lies close together.
  template <typename T>
  std::optional<T> fetch(const ElfSegment& segment, uint64_t within) const {
    constexpr uint64_t kBlock = 4096;
    const uint64_t at = segment.offset + within;
    if (at < block_start_ || at + sizeof(T) > block_start_ + block_.size()) {
      block_.resize(std::min(kBlock, segment.filesz - within));
      block_start_ = at;
      if (!read_(at, block_)) {
        block_.clear();
        return std::nullopt;
      }
    }
    T value;
    std::memcpy(&value, block_.data() + (at - block_start_), sizeof value);
    return value;
  }

  const ElfReader& read_;
  const ElfImage& image_;
  mutable std::vector<uint8_t> block_;
  mutable uint64_t block_start_ = 0;  ///< in the file
};

uint32_t gnu_hash(std::string_view name) {
  uint32_t hash = 5381;
  for (const char each : name) hash = hash * 33 + static_cast<unsigned char>(each);
  return hash;
}

/// A look-up in the DT_GNU_HASH table: header, Bloom filter of 64-bit words, buckets, chains.
bool DynamicReader::defines(const Dynamic& dynamic, std::string_view name) const {
  struct Header {
    uint32_t buckets, first_symbol, bloom_words, bloom_shift;
  };
  const auto header = load<Header>(dynamic.gnu_hash);
  if (!header || header->buckets == 0 || header->bloom_words == 0) return false;
  const uint32_t hash = gnu_hash(name);
  const uint64_t bloom = dynamic.gnu_hash + sizeof(Header);
  const auto filter = load<uint64_t>(bloom + 8ull * ((hash / 64) % header->bloom_words));
  const uint64_t both =
      (1ull << (hash % 64)) | (1ull << ((hash >> (header->bloom_shift & 31)) % 64));
  if (!filter || (*filter & both) != both) return false;

  const uint64_t buckets = bloom + 8ull * header->bloom_words;
  const uint64_t chains = buckets + 4ull * header->buckets;
  const auto first = load<uint32_t>(buckets + 4ull * (hash % header->buckets));
  if (!first || *first < header->first_symbol) return false;
  for (uint32_t step = 0; step < kLongestChain; ++step) {
    const uint64_t index = uint64_t{*first} + step;
    const auto link = load<uint32_t>(chains + 4 * (index - header->first_symbol));
    if (!link) return false;
    if ((*link | 1) == (hash | 1)) {
      const auto symbol = load<Elf64_Sym>(dynamic.symbols + index * sizeof(Elf64_Sym));
      if (symbol && symbol->st_shndx != SHN_UNDEF &&
          equals(dynamic.strings + symbol->st_name, name)) {
        return true;
      }
    }
    if (*link & 1) return false;
  }
  return false;
}

}  // namespace

bool uses_sanitizer(const ElfReader& read, std::span<const Elf64_Phdr> headers,
                    const ElfImage& image) {
  static constexpr std::string_view kLibraries[] = {"libasan.so", "libtsan.so", "libmsan.so",
                                                    "libhwasan.so", "libclang_rt."};
  static constexpr std::string_view kStarters[] = {"__asan_init", "__tsan_init", "__msan_init",
                                                   "__hwasan_init"};
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_DYNAMIC) continue;
    const DynamicReader reader(read, image);
    const Dynamic dynamic = reader.read_dynamic(header.p_vaddr, header.p_memsz);
    if (dynamic.strings == 0) return false;
    for (const uint64_t name : dynamic.needed) {
      for (const std::string_view library : kLibraries) {
        if (reader.starts_with(dynamic.strings + name, library)) return true;
      }
    }
    if (dynamic.gnu_hash == 0 || dynamic.symbols == 0) return false;
    for (const std::string_view starter : kStarters) {
      if (reader.defines(dynamic, starter)) return true;
    }
    return false;
  }
  return false;
}

}  // namespace weft::linux
