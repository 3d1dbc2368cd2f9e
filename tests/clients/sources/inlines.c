/* Calls of small functions, which are inlined, do what calls of the same by a function that is not
 * inlined do, with the arguments that they are given, and leave the program's state alone. */
#include "dr_api.h"
#include "drsyms.h"

static uint64 calls[2], sums[2], products[2], narrow[2], lows[2], mixed[2], threads_seen[2];
static uint packed[2];

static void count(uint by) { calls[0] += by; }
static void add_to(ptr_uint_t value) { sums[0] += value; }
static void multiply(ptr_uint_t a, ptr_uint_t b) { products[0] = products[0] * 31 + a * b; }
static void add_narrow(uint value, uint by) { narrow[0] += value + by; }
static void add_low(byte value, ushort other) { lows[0] += (ptr_uint_t)value * other; }
static void mix(ptr_uint_t a, ptr_uint_t b, ptr_uint_t c) {
  mixed[0] = (mixed[0] ^ (a - b)) + (c > 7 ? a : b);
}
static void pack(uint value) { packed[0] = packed[0] + value; }
static void note_thread(ptr_uint_t a, uint by) { threads_seen[0] |= by; }

/* The same, and something that is not to be inlined. */
static void* volatile seen;
#define HEAVY (seen = dr_get_current_drcontext())
static void count_heavy(uint by) { HEAVY, calls[1] += by; }
static void add_heavy(ptr_uint_t value) { HEAVY, sums[1] += value; }
static void multiply_heavy(ptr_uint_t a, ptr_uint_t b) {
  HEAVY, products[1] = products[1] * 31 + a * b;
}
static void add_narrow_heavy(uint value, uint by) { HEAVY, narrow[1] += value + by; }
static void add_low_heavy(byte value, ushort other) { HEAVY, lows[1] += (ptr_uint_t)value * other; }
static void mix_heavy(ptr_uint_t a, ptr_uint_t b, ptr_uint_t c) {
  HEAVY, mixed[1] = (mixed[1] ^ (a - b)) + (c > 7 ? a : b);
}
static void pack_heavy(uint value) { HEAVY, packed[1] = packed[1] + value; }
static void note_thread_heavy(ptr_uint_t a, uint by) { HEAVY, threads_seen[1] |= by; }

/* Of step(), which one thread runs: sums of several would race. */
static app_pc first, last;

static opnd_t reg(reg_id_t which) { return opnd_create_reg(which); }

#define BOTH(light, heavy, number, ...)                                                 \
  (dr_insert_clean_call(drcontext, bb, at, (void*)(light), false, number, __VA_ARGS__), \
   dr_insert_clean_call(drcontext, bb, at, (void*)(heavy), false, number, __VA_ARGS__))

static void insert(void* drcontext, instrlist_t* bb, instr_t* at) {
  BOTH(count, count_heavy, 1, OPND_CREATE_INT32(3));
  BOTH(add_to, add_heavy, 1, reg(DR_REG_RDI));
  BOTH(add_to, add_heavy, 1, reg(DR_REG_RAX));
  BOTH(add_to, add_heavy, 1, OPND_CREATE_INT64(0x123456789abcdef0));
  BOTH(multiply, multiply_heavy, 2, reg(DR_REG_RSI), reg(DR_REG_RDI));
  BOTH(multiply, multiply_heavy, 2, reg(DR_REG_R12), reg(DR_REG_RSP));
  BOTH(add_narrow, add_narrow_heavy, 2, reg(DR_REG_EDX), OPND_CREATE_INT32(-5));
  BOTH(add_low, add_low_heavy, 2, reg(DR_REG_BL), reg(DR_REG_R9W));
  BOTH(mix, mix_heavy, 3, reg(DR_REG_RDX), reg(DR_REG_RCX), reg(DR_REG_R8));
  BOTH(pack, pack_heavy, 1, OPND_CREATE_INT32(0x7fffffff));
  BOTH(note_thread, note_thread_heavy, 2, reg(DR_REG_RBX), OPND_CREATE_INT32(1));
}

static dr_emit_flags_t on_block(void* drcontext, void* tag, instrlist_t* bb, bool for_trace,
                                bool translating) {
  instr_t* next = NULL;
  if ((app_pc)tag < first || (app_pc)tag >= last) return DR_EMIT_DEFAULT;
  for (instr_t* at = instrlist_first_app(bb); at != NULL; at = next) {
    next = instr_get_next_app(at);
    insert(drcontext, bb, at);
  }
  return DR_EMIT_DEFAULT;
}

static void on_module(void* drcontext, const module_data_t* module, bool loaded) {
  drsym_info_t info = {sizeof info};
  size_t offset = 0;
  if (first != NULL || drsym_lookup_symbol(module->full_path, "step", &offset,
                                           DRSYM_DEFAULT_FLAGS) != DRSYM_SUCCESS) {
    return;
  }
  const drsym_error_t found =
      drsym_lookup_address(module->full_path, offset, &info, DRSYM_DEFAULT_FLAGS);
  if (found != DRSYM_SUCCESS && found != DRSYM_ERROR_LINE_NOT_AVAILABLE) dr_abort();
  first = module->start + info.start_offs;
  last = module->start + info.end_offs;
}

static int differ(uint64 (*two)[2]) { return (*two)[0] != (*two)[1]; }

static void at_exit(void) {
  const int wrong = differ(&calls) + differ(&sums) + differ(&products) + differ(&narrow) +
                    differ(&lows) + differ(&mixed) + differ(&threads_seen) +
                    (packed[0] != packed[1]);
  dr_fprintf(STDERR, "%s %d wrong\n", calls[0] > 1000 ? "called," : "not called,", wrong);
  drsym_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drsym_init(0);
  dr_register_module_load_event(on_module);
  dr_register_bb_event(on_block);
  dr_register_exit_event(at_exit);
}
