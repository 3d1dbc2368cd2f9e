#include "ext/drx/buffers.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "core/buffer_faults.h"
#include "core/context.h"
#include "core/inserted_code.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

constexpr size_t kPage = 4096;

struct Buffers {
  std::mutex mutex;
  std::vector<std::unique_ptr<_drx_buf_t>> all;  ///< under mutex
  bool started = false;                          ///< under mutex
};

Buffers& buffers() {
  static Buffers buffers;
  return buffers;
}

std::vector<drx_buf_t*> all_buffers() {
  const std::lock_guard held(buffers().mutex);
  std::vector<drx_buf_t*> result;
  for (const auto& each : buffers().all) result.push_back(each.get());
  return result;
}

uint64_t* pointer_of(void* drcontext, const drx_buf_t& buffer) {
  return Room::get().slots().find(*Context::of(drcontext), buffer.offset);
}

ThreadBuffer part_of(void* drcontext, drx_buf_t& buffer) {
  const std::lock_guard held(buffer.mutex);
  const auto found = buffer.threads.find(drcontext);
  return found == buffer.threads.end() ? ThreadBuffer{} : found->second;
}

void start_thread(void* drcontext, drx_buf_t& buffer) {
  ThreadBuffer part;
  // A circular buffer starts where its pointer's low bits are 0, and is as large as they reach.
  const size_t whole = (buffer.size + kPage - 1) / kPage * kPage;
  part.mapped = (buffer.wraps ? 2 * whole : whole) + kPage;
  void* const memory =
      mmap(nullptr, part.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Room::get().process().fail("drx: no memory for a buffer");
  part.memory = static_cast<byte*>(memory);
  const auto address = reinterpret_cast<uint64_t>(memory);
  if (buffer.wraps) {
    part.base = part.memory + (whole - address % whole) % whole;
  } else {
    byte* const guard = part.memory + whole;
    mprotect(guard, kPage, PROT_NONE);
    part.base = guard - buffer.size;
  }
  {
    const std::lock_guard held(buffer.mutex);
    buffer.threads[drcontext] = part;
  }
  *pointer_of(drcontext, buffer) = reinterpret_cast<uint64_t>(part.base);
}

void end_thread(void* drcontext, drx_buf_t& buffer) {
  const ThreadBuffer part = part_of(drcontext, buffer);
  if (part.memory == nullptr) return;
  if (buffer.full != nullptr) {
    auto* const end = reinterpret_cast<byte*>(*pointer_of(drcontext, buffer));
    buffer.full(drcontext, part.base, static_cast<size_t>(end - part.base));
  }
  {
    const std::lock_guard held(buffer.mutex);
    buffer.threads.erase(drcontext);
  }
  munmap(part.memory, part.mapped);
}

void on_thread_start(void* drcontext) {
  for (drx_buf_t* each : all_buffers()) start_thread(drcontext, *each);
}

void on_thread_end(void* drcontext) {
  for (drx_buf_t* each : all_buffers()) end_thread(drcontext, *each);
}

/// A store ran into the guard page behind a full buffer: it is handed over and starts again. The
/// store's base register, which led there, is where the record begins.
bool on_fault(Context& context, ListFault& fault) {
  const auto address = reinterpret_cast<uint64_t>(fault.info.si_addr);
  for (drx_buf_t* each : all_buffers()) {
    const ThreadBuffer part = part_of(&context, *each);
    if (each->wraps || part.memory == nullptr) continue;
    byte* const guard = part.base + each->size;
    const auto end = reinterpret_cast<uint64_t>(guard);
    if (address < end || address >= end + kPage) continue;
    uint64_t* const pointer = pointer_of(&context, *each);
    const uint64_t record = *pointer;
    if (each->full != nullptr) {
      each->full(&context, part.base, record - reinterpret_cast<uint64_t>(part.base));
    }
    *pointer = reinterpret_cast<uint64_t>(part.base);
    // Whatever part of the record was written before the guard was met is moved along.
    if (record < end) std::memmove(part.base, reinterpret_cast<void*>(record), end - record);
    for (uint64_t& reg : fault.machine.general) {
      if (reg >= record && reg < end + kPage) reg = *pointer + (reg - record);
    }
    return true;
  }
  return false;
}

/// Where the record goes of which `bytes` are about to be written at `to`: there, or, if that is
/// too near the guard, at the start of the buffer, which is handed over before.
byte* make_room(void* drcontext, drx_buf_t& buffer, byte* to, size_t bytes) {
  const ThreadBuffer part = part_of(drcontext, buffer);
  if (buffer.wraps || part.memory == nullptr || to + bytes <= part.base + buffer.size) return to;
  if (buffer.full != nullptr) {
    buffer.full(drcontext, part.base, static_cast<size_t>(to - part.base));
  }
  *pointer_of(drcontext, buffer) = reinterpret_cast<uint64_t>(part.base);
  return part.base;
}

/// On a clean call: copies what the program has at `from`; the pointer's register follows.
void copy_in(drx_buf_t* buffer, byte* to, Address from, size_t bytes, int pointer) {
  Context* const context = Context::current();
  byte* const place = make_room(context, *buffer, to, bytes);
  Room::get().process().read_memory(from, place, bytes);
  if (place != to) {
    context->thread->context().set(static_cast<Register>(pointer),
                                   reinterpret_cast<uint64_t>(place));
  }
}

drx_buf_t* make(size_t size, drx_buf_full_cb_t full) {
  auto buffer = std::make_unique<_drx_buf_t>();
  buffer->size = size;
  buffer->full = full;
  buffer->wraps = full == nullptr && size == DRX_BUF_FAST_CIRCULAR_BUFSZ;
  reg_id_t segment = DR_REG_NULL;
  if (size == 0 || !dr_raw_tls_calloc(&segment, &buffer->offset, 1, 0)) return nullptr;
  drx_buf_t* const result = buffer.get();
  bool first = false;
  {
    const std::lock_guard held(buffers().mutex);
    buffers().all.push_back(std::move(buffer));
    first = !std::exchange(buffers().started, true);
  }
  if (first) {
    drmgr_priority_t init{sizeof(drmgr_priority_t), DRMGR_PRIORITY_NAME_DRX_BUF_INIT, nullptr,
                          nullptr, DRMGR_PRIORITY_THREAD_INIT_DRX_BUF};
    drmgr_priority_t exit{sizeof(drmgr_priority_t), DRMGR_PRIORITY_NAME_DRX_BUF_EXIT, nullptr,
                          nullptr, DRMGR_PRIORITY_THREAD_EXIT_DRX_BUF};
    drmgr_register_thread_init_event_ex(&on_thread_start, &init);
    drmgr_register_thread_exit_event_ex(&on_thread_end, &exit);
    add_fault_handler(&on_fault);
  }
  return result;
}

/// Without a register to make the number in.
void store_in_halves(void* drcontext, instrlist_t* list, instr_t* where, reg_id_t buf_ptr,
                     ptr_int_t value, short offset) {
  for (int half = 0; half < 2; ++half) {
    const auto part = static_cast<int32_t>(value >> (32 * half));
    instr_t* const store = INSTR_CREATE_mov_st(
        drcontext, opnd_create_base_disp(buf_ptr, DR_REG_NULL, 0, offset + 4 * half, OPSZ_4),
        opnd_create_immed_int(part, OPSZ_4));
    instr_set_translation(store, where == nullptr ? nullptr : instr_get_app_pc(where));
    add_meta(list, where, store);
  }
}

}  // namespace
}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

drx_buf_t* drx_buf_create_circular_buffer(size_t buf_size) { return make(buf_size, nullptr); }

drx_buf_t* drx_buf_create_trace_buffer(size_t buffer_size, drx_buf_full_cb_t full_cb) {
  return full_cb == nullptr ? nullptr : make(buffer_size, full_cb);
}

bool drx_buf_free(drx_buf_t* buf) {
  const std::lock_guard held(buffers().mutex);
  auto& all = buffers().all;
  const auto found =
      std::find_if(all.begin(), all.end(), [=](const auto& each) { return each.get() == buf; });
  if (found == all.end()) return false;
  for (const auto& [drcontext, part] : buf->threads) munmap(part.memory, part.mapped);
  dr_raw_tls_cfree(buf->offset, 1);
  all.erase(found);
  return true;
}

void drx_buf_insert_load_buf_ptr(void* drcontext, drx_buf_t* buf, instrlist_t* ilist,
                                 instr_t* where, reg_id_t buf_ptr) {
  dr_insert_read_raw_tls(drcontext, ilist, where, DR_SEG_GS, buf->offset, buf_ptr);
}

void drx_buf_insert_update_buf_ptr(void* drcontext, drx_buf_t* buf, instrlist_t* ilist,
                                   instr_t* where, reg_id_t buf_ptr, reg_id_t, ushort stride) {
  const opnd_t pointer = opnd_create_reg(buf_ptr);
  add_meta(ilist, where,
           INSTR_CREATE_lea(drcontext, pointer,
                            opnd_create_base_disp(buf_ptr, DR_REG_NULL, 0, stride, OPSZ_lea)));
  if (!buf->wraps) {
    dr_insert_write_raw_tls(drcontext, ilist, where, DR_SEG_GS, buf->offset, buf_ptr);
    return;
  }
  // Only the low 16 bits move on: the buffer is as large as they reach.
  add_meta(
      ilist, where,
      XINST_CREATE_store_2bytes(drcontext,
                                opnd_create_far_base_disp(DR_SEG_GS, DR_REG_NULL, DR_REG_NULL, 0,
                                                          static_cast<int>(buf->offset), OPSZ_2),
                                opnd_create_reg(reg_resize_to_opsz(buf_ptr, OPSZ_2))));
}

bool drx_buf_insert_buf_store(void* drcontext, drx_buf_t*, instrlist_t* ilist, instr_t* where,
                              reg_id_t buf_ptr, reg_id_t scratch, opnd_t opnd, opnd_size_t opsz,
                              short offset) {
  const opnd_t to = opnd_create_base_disp(buf_ptr, DR_REG_NULL, 0, offset, opsz);
  instr_t* store = nullptr;
  if (opnd_is_reg(opnd)) {
    store = INSTR_CREATE_mov_st(drcontext, to,
                                opnd_create_reg(reg_resize_to_opsz(opnd_get_reg(opnd), opsz)));
  } else if (opnd_is_immed_int(opnd)) {
    const ptr_int_t value = opnd_get_immed_int(opnd);
    const bool wide = opsz == OPSZ_8 && (value < INT32_MIN || value > INT32_MAX);
    if (wide && scratch == DR_REG_NULL) {
      store_in_halves(drcontext, ilist, where, buf_ptr, value, offset);
      return true;
    }
    if (wide) {
      const opnd_t whole = opnd_create_reg(reg_to_pointer_sized(scratch));
      instrlist_insert_mov_immed_ptrsz(drcontext, value, whole, ilist, where, nullptr, nullptr);
      store = INSTR_CREATE_mov_st(drcontext, to, whole);
    } else {
      const opnd_size_t size = opsz == OPSZ_8 ? opnd_size_t{OPSZ_4} : opsz;
      store = INSTR_CREATE_mov_st(drcontext, to, opnd_create_immed_int(value, size));
    }
  } else {
    return false;
  }
  instr_set_translation(store, where == nullptr ? nullptr : instr_get_app_pc(where));
  add_meta(ilist, where, store);
  return true;
}

void* drx_buf_get_buffer_ptr(void* drcontext, drx_buf_t* buf) {
  return reinterpret_cast<void*>(*pointer_of(drcontext, *buf));
}

void drx_buf_set_buffer_ptr(void* drcontext, drx_buf_t* buf, void* new_ptr) {
  *pointer_of(drcontext, *buf) = reinterpret_cast<uint64_t>(new_ptr);
}

void* drx_buf_get_buffer_base(void* drcontext, drx_buf_t* buf) {
  return part_of(drcontext, *buf).base;
}

size_t drx_buf_get_buffer_size(void*, drx_buf_t* buf) { return buf->size; }

void drx_buf_insert_buf_memcpy(void* drcontext, drx_buf_t* buf, instrlist_t* ilist, instr_t* where,
                               reg_id_t dst, reg_id_t src, ushort len) {
  if (len == 1 || len == 2 || len == 4 || len == 8) {
    const opnd_size_t size = opnd_size_from_bytes(len);
    const opnd_t value = opnd_create_reg(reg_resize_to_opsz(src, size));
    instr_t* const load =
        INSTR_CREATE_mov_ld(drcontext, value, opnd_create_base_disp(src, DR_REG_NULL, 0, 0, size));
    instr_set_translation(load, where == nullptr ? nullptr : instr_get_app_pc(where));
    add_meta(ilist, where, load);
    drx_buf_insert_buf_store(drcontext, buf, ilist, where, dst, DR_REG_NULL, value, size, 0);
  } else {
    dr_insert_clean_call(drcontext, ilist, where, reinterpret_cast<void*>(&copy_in), false, 5,
                         OPND_CREATE_INTPTR(reinterpret_cast<ptr_int_t>(buf)), opnd_create_reg(dst),
                         opnd_create_reg(src), OPND_CREATE_INT32(len),
                         OPND_CREATE_INT32(dst - DR_REG_START_GPR));
  }
  drx_buf_insert_update_buf_ptr(drcontext, buf, ilist, where, dst, src, len);
}

}  // extern "C"
