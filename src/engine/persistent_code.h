// Superblocks that outlive the process, for --persist: for each module of the program a file of
// records in a directory of the user's own, looked into when a block is wanted that is not in the
// cache, written anew when the process ends and much was missing. What is found is only a
// suggestion: the builder compares the program's bytes (SuperblockBuilder::load). Owned by the
// engine; any thread, short lock, files are opened outside of it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "engine/code_file.h"
#include "engine/options.h"
#include "linux/address_space.h"
#include "translate/fragment_record.h"

namespace weft::engine {

class PersistentCode final : public translate::RecordStore {
 public:
  PersistentCode(const Options& options, const linux::AddressSpace& space);

  /// Looks at the directory, which it makes if it is not there. Once, before the program runs.
  Status start();

  bool find(AppPc tag, bool paired, std::vector<uint8_t>& record) override;
  void keep(AppPc tag, bool paired, std::span<const uint8_t> record) override;

  /// What was mapped in `range` is there no longer.
  void forget(AppRange range);
  /// Writes the files of modules of which much is new. The first failure is told of on standard
  /// error.
  void save();

  void lock_for_fork() { lock_.lock(); }
  /// The child keeps what it builds itself: what it has from its parent, that will write.
  void unlock_after_fork(bool child);

 private:
  struct Record {
    uint32_t place;
    uint32_t size;
    uint64_t position;  ///< in Half::bytes
  };
  /// What is known of a module's superblocks of one mode of returns.
  struct Half {
    bool opened = false;
    std::unique_ptr<CodeFile> file;
    std::vector<Record> records;  ///< new ones; a later one of the same place counts
    std::vector<uint8_t> bytes;
  };
  struct Module {
    std::string name;  ///< linux::content_name()
    std::array<Half, 2> halves;
  };
  /// Where a module's code is mapped.
  struct Place {
    AppRange range;
    uint64_t start_of_file;  ///< address that the file's first byte would have
    Module* module;
  };
  /// A tag as a place in a module; null: in none that has a file.
  struct Found {
    Module* module = nullptr;
    uint32_t place = 0;
  };

  std::string file_name(const Module& module, bool paired) const;
  Found look_up(AppPc tag);
  std::optional<Found> look_up_locked(AppPc tag) const;
  /// The module's file, opened at the first call; null if it has none.
  const CodeFile* file_of(Module& module, bool paired);
  bool save(const linux::UniqueFd& directory, const std::string& name, bool paired, Half fresh);
  void warn(const std::string& text) const;

  const std::string directory_;
  const bool followed_;
  const linux::AddressSpace& space_;
  std::array<uint64_t, 2> fingerprints_{};  ///< of jumps, of paired returns
  SpinLock lock_;                           ///< for all below
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<Place> places_;
  bool usable_ = false;
};

}  // namespace weft::engine
