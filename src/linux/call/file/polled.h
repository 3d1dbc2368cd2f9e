// poll and select, of which the program may ask for a descriptor that the runtime keeps: to the
// program it is closed. Stateless; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/function_ref.h"
#include "linux/call/file/descriptors.h"
#include "linux/kernel/gate.h"

namespace weft::linux {

/// How a call is made that has other arguments than the program's.
using PassOn = FunctionRef<int64_t(const SyscallArguments&)>;

/// The answer to poll, ppoll, select or pselect6 that names a kept descriptor; nullopt: none does,
/// or it is another call.
std::optional<int64_t> answer_polling(const SyscallArguments& call, const Descriptors& descriptors,
                                      PassOn pass_on);

}  // namespace weft::linux
