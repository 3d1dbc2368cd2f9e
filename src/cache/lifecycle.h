// How fragments come to life and die; the protocol that tests/model/deletion.pml checks. Every call
// is made inside an operation (gate and epoch); none holds a lock on return, and no two tag locks
// are ever held at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cache/fragment_store.h"
#include "cache/links.h"
#include "cache/parts.h"

namespace weft::cache {

class Lifecycle {
 public:
  /// Fragments that a call has taken out and that nobody reaches any more. The caller announces
  /// them and hands them to the limbo.
  using Dead = std::vector<Fragment*>;

  Lifecycle(Parts& parts, FragmentStore& store, Links& links)
      : parts_(parts), store_(store), links_(links) {}

  /// On an error `discarded` is the fragment that was given up, if one had been made.
  CodeCache::Published publish(const FragmentSpec& spec, Fragment*& discarded);
  bool add_entry(Fragment& fragment, const Constituent& constituent, CachePc direct);
  bool publish_indirect(AppPc tag, bool& needs_stub);
  bool add_indirect_entry(AppPc tag, std::span<const uint8_t> code, uint32_t jump,
                          std::span<const Fixup> fixups, const PastChoiceJump& past);
  void link_counted(AppPc tag);

  Deleted delete_fragment(AppPc tag, Scope scope, Dead& dead);
  /// Takes the fragment out of everything that leads to it. True if this call decided its death;
  /// when it returns false another has, and the fragment cannot be entered any more either.
  bool kill(Fragment& fragment, Dead& dead);
  /// The same in order to make room, unless the fragment has a chance left, which it loses.
  bool evict(Fragment& fragment, Dead& dead);

 private:
  using Error = CodeCache::PublishError;

  /// What a deletion of one tag is to kill, as seen under its lock.
  struct Victims {
    Fragment* block = nullptr;
    Fragment* trace = nullptr;
    std::vector<Fragment*> containing;
  };

  bool exists(TagEntry& head, FragmentKind kind);
  bool register_members(Fragment& fragment, const FragmentSpec& spec);
  bool bytes_are_stale(const FragmentSpec& spec) const;
  Error go_live(Fragment& fragment, const FragmentSpec& spec);
  void open_entry(Fragment& fragment, const EntrySpec& spec, uint32_t generation);
  /// Where the fragment is entered there.
  static Links::Place place_of(Fragment& fragment, const EntrySpec& spec);
  void open_landing(Fragment& fragment, const LandingSpec& spec);
  void attach_exits(Fragment& fragment);
  bool note_entry(Fragment& fragment, TagEntry& entry);

  Victims find_victims(TagEntry& entry, Scope scope);
  void close_entries(Fragment& fragment);
  void close_entry(Fragment& fragment, const TagLock& held);
  void unregister_members(Fragment& fragment);
  void detach_exits(Fragment& fragment);
  void step() const {
    if (parts_.options.between_steps) parts_.options.between_steps();
  }
  /// Whether the entry of a constituent lists the fragment as a member; the head's names it
  /// instead.
  static bool lists(const TagEntry& entry, const Fragment& fragment) {
    return &entry != fragment.head_ || fragment.kind_ == FragmentKind::kProbe;
  }
  static bool move(Fragment& fragment, FragmentState from, FragmentState to);

  Parts& parts_;
  FragmentStore& store_;
  Links& links_;
};

}  // namespace weft::cache
