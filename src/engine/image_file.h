// A code image as a file: what is to be known of it, then memory that is mapped as it is. Private
// files of the user's own; see linux/kernel/private_file.h. Replaced as a whole. Any thread of the
// runtime, outside of signal handlers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "cache/image_state.h"
#include "linux/kernel/unique_fd.h"

namespace weft::engine {

/// A module's executable mapping, as an image knows it.
struct ImageModule {
  /// A page that code was translated from, and a hash of its bytes.
  struct Page {
    AppPc start;
    uint64_t hash;
  };

  /// A fragment of the module that was translated by a slot of program memory: it is right only if
  /// the slot still has the target, which may be in another module.
  struct Condition {
    AppPc slot;
    AppPc target;
    uint32_t fragment;
  };

  AppRange code;
  bool is_program = false;  ///< of the executable, not of a library
  bool is_asleep = true;    ///< as it was resumed
  std::vector<Page> pages;
  std::vector<Condition> conditions;
  /// Slots that had no target yet when the module woke: nothing is translated by them any more.
  std::vector<AppPc> late_slots;
  /// Which pages of shadow words are filled, a bit for each.
  std::vector<uint64_t> filled;
  /// Where these are until they are put in their place: all of the module's, in order.
  uint64_t words = 0;

  size_t shadow_pages() const { return 8 * code.size() / kPageSize; }
  size_t filled_words() const { return shadow_pages() / 64 + 1; }
  bool is_filled(size_t page) const { return (filled[page / 64] >> page % 64 & 1) != 0; }
  void set_filled(size_t page) { filled[page / 64] |= uint64_t{1} << page % 64; }
  void clear_filled(size_t page) { filled[page / 64] &= ~(uint64_t{1} << page % 64); }
};

/// What an image says of itself.
struct ImageContents {
  std::string program;  ///< its path; or what else to call the image
  bool pairs_returns = false;
  uint64_t fragments = 0;      ///< how many it has
  std::vector<uint8_t> state;  ///< see cache::CodeCache::Image
  std::vector<uint8_t> tools;  ///< see Hooks::image_state()
  std::vector<ImageModule> modules;
};

class ImageFile {
 public:
  /// Opens `name` in `directory`. Null if it is not there. An error if it cannot be read, is not to
  /// be trusted, was changed since it was written or is no such file. `fingerprint` is that with
  /// which it was written.
  static Result<std::unique_ptr<ImageFile>> open(const linux::UniqueFd& directory,
                                                 const std::string& name, uint64_t fingerprint);
  /// What such a file says that it is of, whatever it was written with; empty if it is none.
  static std::string program_of(const linux::UniqueFd& directory, const std::string& name);

  /// Enough to compare files by, without reading them.
  struct Summary {
    uint64_t checksum = 0;  ///< of one file and no other
    uint64_t fragments = 0;
  };
  /// Of the file at `name`, as it is now; nothing if there is none to use.
  static std::optional<Summary> summary_of(const linux::UniqueFd& directory,
                                           const std::string& name, uint64_t fingerprint);
  uint64_t checksum() const { return checksum_; }

  ImageContents& contents() { return contents_; }
  /// Maps the image's memory at the ranges, in the order in which they were written, in place of
  /// what is there. False if the last one could not be.
  bool map(std::span<const AppRange> memory);
  /// Maps the words of all modules somewhere, and sets their places.
  bool map_words();

  /// What is written beside the contents.
  struct Memory {
    std::span<const AppRange> ranges;
    /// The bytes of one page of a module's words, which is filled.
    std::function<void(const ImageModule& module, size_t page, std::span<uint64_t> words)> words;
  };
  /// Puts a file into the place of `name` at once: others find the old one or the new one.
  static Status write(const linux::UniqueFd& directory, const std::string& name,
                      uint64_t fingerprint, const ImageContents& contents, const Memory& memory);

 private:
  static Result<std::unique_ptr<ImageFile>> read(const linux::UniqueFd& directory,
                                                 const std::string& name,
                                                 std::optional<uint64_t> fingerprint);
  ImageFile(linux::UniqueFd file, uint64_t size, uint64_t checksum)
      : file_(std::move(file)), size_(size), checksum_(checksum) {}
  bool parse(cache::StateReader& in);

  linux::UniqueFd file_;
  const uint64_t size_;
  const uint64_t checksum_;
  ImageContents contents_;
  uint64_t memory_offset_ = 0;
  uint64_t words_offset_ = 0;
};

uint64_t hash_of(std::string_view text);
/// Of a page of the program's code; nothing if it cannot be read.
std::optional<uint64_t> hash_of_page(AppPc page);

}  // namespace weft::engine
