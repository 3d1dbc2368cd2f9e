// Exits and the entries that they go to: patching is one 4-byte store, and every exit belongs to
// the tag entry of its target, linked or waiting. Each call is made under that entry's lock, which
// it shows.
#pragma once

#include "cache/exit.h"
#include "cache/parts.h"
#include "cache/tag_entry.h"

namespace weft::cache {

class Links {
 public:
  explicit Links(Parts& parts) : parts_(parts) {}

  /// Makes the exit its target's, and links it if the target has code.
  void attach(ExitId id, const TagLock& held);
  /// Sends the exit to its stub and takes it from its target. Nothing if it is not attached.
  void detach(ExitId id, const TagLock& held);
  /// Where a fragment is entered; none, if nothing is.
  struct Place {
    Fragment* fragment = nullptr;
    uint32_t direct = 0;
    uint32_t indirect = 0;
  };
  /// `holder`, of the tag, is this from now on, with all that leads to the tag: the dispatcher's
  /// view, every exit, the indirect branches.
  void put(const TagLock& held, Holder& holder, const Place& place);
  /// The same where only indirect branches enter elsewhere.
  void put_indirect(const TagLock& held, Holder& holder, uint32_t indirect);

  /// Makes the tag's counted exits ordinary ones.
  void link_counted(const TagLock& held);

  /// Sends indirect branches to the tag's indirect entry, which it has. False if they cannot be.
  bool publish(const TagLock& held);

  /// The store that links and unlinks.
  SIGNAL_SAFE static void patch(CachePc site, CachePc target);
  /// Has the exit lead to the dispatcher. Needs no lock.
  SIGNAL_SAFE void send_to_stub(const Exit& exit) const;

 private:
  /// Where the exit goes if it is linked: to the direct entry of `target`, which it leads to, or
  /// past the choice there; 0: `target` has no code.
  static uint32_t entry_for(const Exit& exit, const TagEntry& target);
  /// Where calls enter at `target`; 0: at its direct entry, by way of their stubs.
  static uint32_t called_entry(const TagEntry& target);
  /// Has the exit lead to `entry`, which is that for it at `target`.
  void send_to_entry(const Exit& exit, const TagEntry& target, uint32_t entry) const;
  void link(Exit& exit, const TagEntry& target, uint32_t entry);
  /// Links or unlinks the exit, as its target is.
  void follow(Exit& exit, const TagEntry& entry);
  void unlink(Exit& exit);
  void refresh_indirect(TagEntry& entry);

  Parts& parts_;
};

}  // namespace weft::cache
