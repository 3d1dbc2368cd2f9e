// Makes fragments' records and lays their code into code memory; frees both. Knows nothing of tags'
// locks, links or life and death. Any thread.
#pragma once

#include <optional>
#include <span>

#include "cache/parts.h"

namespace weft::cache {

class FragmentStore {
 public:
  explicit FragmentStore(Parts& parts) : parts_(parts) {}

  /// A fragment in state Building whose exits go to their stubs; null if there is no room.
  Fragment* make(const FragmentSpec& spec);
  /// Nobody can reach the fragment, its code or its exits any more.
  void destroy(Fragment& fragment);

  /// The memory of a list of entries that has outgrown the record.
  void give_entries(Fragment& fragment);

  /// Cold code added to a live fragment, at the returned offset.
  std::optional<uint32_t> add_cold(Fragment& fragment, std::span<const uint8_t> code,
                                   std::span<const Fixup> fixups);
  /// Code of no fragment.
  std::optional<uint32_t> add_routine(std::span<const uint8_t> code, std::span<const Fixup> fixups);

 private:
  struct Room {
    Slot hot;
    Slot cold;
    ExitId first_exit = kNoExit;
    uint32_t id = 0;
  };

  std::optional<Room> take_room(const FragmentSpec& spec);
  void give_back(const Room& room, uint32_t exit_count);
  Fragment& make_record(const FragmentSpec& spec, const Room& room);
  static void keep_past_choices(Fragment& fragment, const FragmentSpec& spec);
  void keep_constituents(Fragment& fragment, const FragmentSpec& spec);
  void lay_code(Fragment& fragment, const FragmentSpec& spec);
  void lay_exits(Fragment& fragment, const FragmentSpec& spec);

  Parts& parts_;
};

}  // namespace weft::cache
