// What our libc has asked of the kernel for itself alone, given up again.
#pragma once

namespace weft::linux {

/// Has the kernel no longer write down, for the calling thread, on which processor it runs: each
/// fork pays for that with a page in the parent and another in the child. libc, which looks at it
/// in sched_getcpu() alone, finds that there is nothing and asks.
void give_up_rseq();

}  // namespace weft::linux
