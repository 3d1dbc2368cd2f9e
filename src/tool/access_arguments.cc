#include "tool/access_arguments.h"

#include "linux/kernel/program_memory.h"
#include "x86/memory_access.h"

namespace weft::tool {
namespace {

bool read(void* to, uint64_t from, size_t bytes) { return linux::read_program(to, from, bytes); }

}  // namespace

const MemoryAccesses& AccessArguments::list(const Argument& argument,
                                            const translate::ThreadBlock& block) {
  const x86::CpuContext& context = block.context;
  x86::OperandPlace place;
  if (argument.memory.fs) place.segment = context.fs_base;
  if (argument.memory.gs) place.segment = context.gs_base;
  place.offset = effective_address(argument, block) - place.segment;
  const x86::MachineState state{context, static_cast<const uint8_t*>(block.xsave), read};
  x86::MemoryAccessList found;
  x86::list_accesses(*argument.operand, place, state, found);
  One& one = lists_.emplace_front();
  for (const x86::MemoryAccess& each : found.all()) {
    one.all.push_back({each.address, each.size, each.read, each.written});
  }
  one.shown = {one.all.data(), one.all.size()};
  return one.shown;
}

}  // namespace weft::tool
