// Which blocks ran, and the file. Each block says so by a byte of its own: weft builds some that
// never run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "core/inserted_code.h"
#include "core/room.h"
#include "drmgr.h"
#include "drx.h"
#include "ext/drcovlib/modules.h"

namespace weft::dynamorio::drcovlib {
namespace {

struct Order {
  bool operator()(const bb_entry_t& a, const bb_entry_t& b) const {
    if (a.mod_id != b.mod_id) return a.mod_id < b.mod_id;
    return a.start != b.start ? a.start < b.start : a.size < b.size;
  }
};

struct Coverage {
  std::mutex mutex;
  int users = 0;  ///< under mutex, as all others
  bool as_text = false;
  std::string directory;
  std::string prefix;
  std::string path;
  std::map<bb_entry_t, byte*, Order> blocks;  ///< with the byte that is 1 once it ran
  byte* marks = nullptr;
  size_t marks_left = 0;
};

Coverage& coverage() {
  static Coverage coverage;
  return coverage;
}

/// Of this process: the child of a fork writes one of its own.
void name_file() {
  Coverage& own = coverage();
  std::array<char, MAXIMUM_PATH> path{};
  drx_open_unique_appid_file(own.directory.c_str(), static_cast<ptr_int_t>(dr_get_process_id()),
                             own.prefix.c_str(), "proc.log", DRX_FILE_SKIP_OPEN, path.data(),
                             path.size());
  own.path = path.data();
}

/// With the mutex held. In reach of inserted code.
byte* new_mark() {
  constexpr size_t kAtOnce = 4096;
  Coverage& own = coverage();
  if (own.marks_left == 0) {
    own.marks = static_cast<byte*>(Room::get().process().lists().near_memory(kAtOnce));
    own.marks_left = kAtOnce;
  }
  --own.marks_left;
  return own.marks++;
}

/// The block's mark; null: it lies in no module.
byte* note(Address start, Address end) {
  const auto segment = segment_at(start);
  constexpr Address kMost = std::numeric_limits<ushort>::max();
  if (!segment || end - start > kMost) return nullptr;
  const bb_entry_t entry{static_cast<uint>(start - segment->start),
                         static_cast<ushort>(end - start), static_cast<ushort>(segment->index)};
  const std::lock_guard held(coverage().mutex);
  byte*& mark = coverage().blocks[entry];
  if (mark == nullptr) mark = new_mark();
  return mark;
}

dr_emit_flags_t on_block(void*, void*, instrlist_t* list, bool, bool, void** mark) {
  Address start = std::numeric_limits<Address>::max();
  Address end = 0;
  for (instr_t* each = instrlist_first_app(list); each; each = instr_get_next_app(each)) {
    const auto pc = reinterpret_cast<Address>(instr_get_app_pc(each));
    const auto length = static_cast<Address>(instr_length(GLOBAL_DCONTEXT, each));
    start = std::min(start, pc);
    end = std::max(end, pc + length);
  }
  *mark = start < end ? note(start, end) : nullptr;
  return DR_EMIT_DEFAULT;
}

dr_emit_flags_t on_instruction(void* drcontext, void*, instrlist_t* list, instr_t* where, bool,
                               bool, void* mark) {
  if (mark == nullptr || !drmgr_is_first_instr(drcontext, where)) return DR_EMIT_DEFAULT;
  add_meta(list, where,
           INSTR_CREATE_mov_st(drcontext, OPND_CREATE_ABSMEM(mark, OPSZ_1), OPND_CREATE_INT8(1)));
  return DR_EMIT_DEFAULT;
}

void on_fork(void*) {
  const std::lock_guard held(coverage().mutex);
  for (const auto& [entry, mark] : coverage().blocks) *mark = 0;
  name_file();
}

std::string contents() {
  Coverage& own = coverage();
  std::string text = fmt::format("DRCOV VERSION: {}\nDRCOV FLAVOR: {}\n{}", DRCOV_VERSION,
                                 DRCOV_FLAVOR, module_table());
  std::vector<bb_entry_t> ran;
  for (const auto& [entry, mark] : own.blocks) {
    if (*mark != 0) ran.push_back(entry);
  }
  text += fmt::format("BB Table: {} bbs\n", ran.size());
  if (own.as_text) text += "module id, start, size:\n";
  for (const bb_entry_t& each : ran) {
    if (own.as_text) {
      text += fmt::format("module[{:3}]: {:#018x}, {:3}\n", each.mod_id, each.start, each.size);
    } else {
      std::array<char, sizeof each> record{};
      std::memcpy(record.data(), &each, sizeof each);
      text.append(record.data(), record.size());
    }
  }
  return text;
}

/// With the mutex held.
drcovlib_status_t write_file() {
  const file_t file = dr_open_file(coverage().path.c_str(), DR_FILE_WRITE_OVERWRITE);
  if (file == INVALID_FILE) return DRCOVLIB_ERROR;
  const std::string text = contents();
  const ssize_t written = dr_write_file(file, text.data(), text.size());
  dr_close_file(file);
  return written == static_cast<ssize_t>(text.size()) ? DRCOVLIB_SUCCESS : DRCOVLIB_ERROR;
}

}  // namespace
}  // namespace weft::dynamorio::drcovlib

using namespace weft::dynamorio::drcovlib;

extern "C" {

drcovlib_status_t drcovlib_init(drcovlib_options_t* ops) {
  if (ops == nullptr || ops->struct_size < offsetof(drcovlib_options_t, native_until_thread)) {
    return DRCOVLIB_ERROR_INVALID_PARAMETER;
  }
  {
    const std::lock_guard held(coverage().mutex);
    if (coverage().users++ > 0) return DRCOVLIB_SUCCESS;
    coverage().as_text = (ops->flags & DRCOVLIB_DUMP_AS_TEXT) != 0;
    coverage().directory = ops->logdir == nullptr ? "." : ops->logdir;
    coverage().prefix = ops->logprefix == nullptr ? "drcov" : ops->logprefix;
    name_file();
  }
  drmgr_init();
  drx_init();
  drmodtrack_init();
  dr_register_fork_init_event(&on_fork);
  return drmgr_register_bb_instrumentation_event(&on_block, &on_instruction, nullptr)
             ? DRCOVLIB_SUCCESS
             : DRCOVLIB_ERROR;
}

drcovlib_status_t drcovlib_exit() {
  drcovlib_status_t result = DRCOVLIB_SUCCESS;
  {
    const std::lock_guard held(coverage().mutex);
    if (coverage().users == 0) return DRCOVLIB_ERROR;
    if (--coverage().users > 0) return DRCOVLIB_SUCCESS;
    result = write_file();
    coverage().blocks.clear();
  }
  drmgr_unregister_bb_instrumentation_event(&on_block);
  dr_unregister_fork_init_event(&on_fork);
  drmodtrack_exit();
  drx_exit();
  drmgr_exit();
  return result;
}

drcovlib_status_t drcovlib_logfile(void*, const char** path) {
  if (path == nullptr) return DRCOVLIB_ERROR_INVALID_PARAMETER;
  const std::lock_guard held(coverage().mutex);
  if (coverage().users == 0) return DRCOVLIB_ERROR;
  *path = coverage().path.c_str();
  return DRCOVLIB_SUCCESS;
}

drcovlib_status_t drcovlib_dump(void*) {
  const std::lock_guard held(coverage().mutex);
  return coverage().users == 0 ? DRCOVLIB_ERROR : write_file();
}

}  // extern "C"
