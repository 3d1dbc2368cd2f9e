// Numbers for the descriptors that the runtime keeps: above those that the program uses. Functions
// without state, by system calls of the runtime's own; any thread.
#pragma once

namespace weft::linux {

/// A program that has used a number within this much of a kept descriptor's may soon want that one.
inline constexpr int kNumbersAhead = 16;

/// Copies `fd`, closed on exec, to a number above `used`, the highest that is known to be the
/// program's. No higher than need be: each fork copies a table that reaches to the highest number.
/// The copy, or -1 if there is no room.
int copy_above(int fd, int used);
/// The same, out of the program's way for good: beyond its limit where the kernel allows that, else
/// at the highest numbers. `fd` stays, as above.
int copy_out_of_reach(int fd);
/// A copy for a program that is about to be executed: not closed on exec.
int copy_for_exec(int fd);

}  // namespace weft::linux
