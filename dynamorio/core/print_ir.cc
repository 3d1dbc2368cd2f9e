// Instructions and operands as text, and what the instruction library has to know of a run.
#include "core/clean_call.h"
#include "core/console.h"
#include "core/context.h"
#include "core/room.h"
#include "core/run_environment.h"
#include "ir/environment.h"

namespace weft::dynamorio {
namespace {

uint64_t base_of(reg_id_t segment) {
  const Context* const context = Context::current();
  if (context == nullptr || context->thread == nullptr) return 0;
  CallContext& program = context->thread->context();
  return segment == DR_SEG_FS ? program.fs_base() : program.gs_base();
}

long write_text(file_t file, const void* text, size_t size) {
  return write_whole(file, static_cast<const char*>(text), size);
}

}  // namespace

void start_environment() { set_environment({&base_of, &write_text, &code_of_call}); }

}  // namespace weft::dynamorio

extern "C" {

void dr_print_instr(void* drcontext, file_t f, instr_t* instr, const char* msg) {
  dr_fprintf(f, "%s ", msg);
  instr_disassemble(drcontext, instr, f);
  dr_fprintf(f, "\n");
}

void dr_print_opnd(void* drcontext, file_t f, opnd_t opnd, const char* msg) {
  dr_fprintf(f, "%s ", msg);
  opnd_disassemble(drcontext, opnd, f);
  dr_fprintf(f, "\n");
}

// A trace is not a list: its blocks were.
instrlist_t* decode_trace(void*, void*) { return nullptr; }

}  // extern "C"
