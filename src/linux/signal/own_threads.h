// Signals that come to what runs beside the program: a tool's own threads and children. SIGNAL_SAFE
// throughout; for the thread whose handler runs.
#pragma once

#include <csignal>

#include "linux/kernel/program_thread.h"
#include "linux/signal/frame.h"

namespace weft::linux {

/// Whether this is a thread of a tool's own, which has gs from the thread that made it. (The child
/// of a fork is not, before it has noted its number; nor is a thread that has none yet.)
bool is_other_thread(const ProgramThread& thread);
/// Whether this is a child that a tool made by a fork of its own: no thread of the program runs in
/// it. What the program may be sent by its number is not looked at, because a thread of the program
/// may just have forked, with all other signals blocked.
bool is_tools_child(const ProgramThread& thread, int signal);
/// As if there were no handler.
void take_default_action(int signal, FrameContext& frame);
/// Whether the thread stands behind its own call of tgkill(), outside the program's calls.
bool is_own_abort(const siginfo_t& info, const FrameRegisters& registers);
/// A signal of the process that came to a thread which is not the program's: to be taken by one
/// that is. This one gets no more of them.
void pass_on(const ProgramThread& thread, const siginfo_t& info, FrameContext& frame);

}  // namespace weft::linux
