// The program's memory.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

#include "core/libraries.h"
#include "core/own_maps.h"
#include "core/protection.h"
#include "core/room.h"

namespace {

using weft::MemoryArea;
using weft::Process;
using weft::dynamorio::Room;

constexpr uint64 kPage = 4096;

Process& process() { return Room::get().process(); }

uint64 number(const void* pointer) { return reinterpret_cast<uint64>(pointer); }
byte* pointer(uint64 address) { return reinterpret_cast<byte*>(address); }

// Code that the program may write to may be protected meanwhile, which the program does not see.
uint protection_of(const MemoryArea& area) {
  return (area.writable && area.executable ? DR_MEMPROT_PRETEND_WRITE : 0u) |
         (area.readable ? DR_MEMPROT_READ : 0u) | (area.writable ? DR_MEMPROT_WRITE : 0u) |
         (area.executable ? DR_MEMPROT_EXEC : 0u) | (area.path == "[vdso]" ? DR_MEMPROT_VDSO : 0u);
}

bool is_mapped(const byte* pc) {
  unsigned char state = 0;
  return mincore(pointer(number(pc) & ~(kPage - 1)), 1, &state) == 0;
}

}  // namespace

extern "C" {

size_t dr_page_size() { return kPage; }

bool dr_safe_read(const void* base, size_t size, void* out_buf, size_t* bytes_read) {
  const size_t done = process().read_memory(number(base), out_buf, size);
  if (bytes_read != nullptr) *bytes_read = done;
  return done == size;
}

bool dr_safe_write(void* base, size_t size, const void* in_buf, size_t* bytes_written) {
  const size_t done = process().write_memory(number(base), in_buf, size);
  if (bytes_written != nullptr) *bytes_written = done;
  return done == size;
}

bool dr_memory_is_readable(const byte* pc, size_t size) {
  const uint64 end = number(pc) + (size == 0 ? 1 : size);
  for (uint64 at = number(pc); at < end; at = (at & ~(kPage - 1)) + kPage) {
    byte unused = 0;
    if (process().read_memory(at, &unused, 1) != 1) return false;
  }
  return true;
}

bool dr_query_memory(const byte* pc, byte** base_pc, size_t* size, uint* prot) {
  dr_mem_info_t info{};
  if (!dr_query_memory_ex(pc, &info) || info.type == DR_MEMTYPE_FREE) return false;
  if (base_pc != nullptr) *base_pc = info.base_pc;
  if (size != nullptr) *size = info.size;
  if (prot != nullptr) *prot = info.prot;
  return true;
}

bool dr_query_memory_ex(const byte* pc, dr_mem_info_t* info) {
  if (const std::optional<MemoryArea> area = process().memory_at(number(pc))) {
    info->base_pc = pointer(area->range.start);
    info->size = area->range.size();
    info->prot = protection_of(*area);
    info->type = process().module_at(number(pc)) != nullptr ? DR_MEMTYPE_IMAGE : DR_MEMTYPE_DATA;
    return true;
  }
  const std::optional<MemoryArea> next = process().memory_from(number(pc));
  const uint64 start = number(pc) & ~(kPage - 1);
  info->base_pc = pointer(start);
  // The last one ends where addresses do.
  info->size = (next ? next->range.start : 0) - start;
  info->prot = DR_MEMPROT_NONE;
  info->type = DR_MEMTYPE_FREE;
  if (!is_mapped(pc)) return true;
  const std::optional<weft::dynamorio::OwnMap> own = weft::dynamorio::own_map_at(number(pc));
  if (!own) return true;
  info->base_pc = pointer(own->range.start);
  info->size = own->range.size();
  info->prot = own->protection;
  info->type = own->is_file ? DR_MEMTYPE_IMAGE : DR_MEMTYPE_DATA;
  return true;
}

bool dr_memory_protect(void* base, size_t size, uint new_prot) {
  // The program's protections are the record's, and not to be changed behind its back.
  if (process().memory_at(number(base))) return false;
  return mprotect(base, size, weft::dynamorio::to_kernel(new_prot)) == 0;
}

bool dr_memory_is_dr_internal(const byte* pc) {
  return !process().memory_at(number(pc)) && is_mapped(pc);
}

bool dr_memory_is_in_client(const byte* pc) { return weft::dynamorio::is_in_client(pc); }

}  // extern "C"
