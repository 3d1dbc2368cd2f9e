// Faults that are part of how inserted code works: whoever laid a guard page is asked first.
#pragma once

#include "core/context.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// True: seen to, the thread goes on with `fault.machine`. As a ListFaultFunction.
using FaultHandler = bool (*)(Context& context, ListFault& fault);
/// Any thread; stays.
void add_fault_handler(FaultHandler handler);

}  // namespace weft::dynamorio
