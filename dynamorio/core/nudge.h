// Nudges: a word for a client, from another process or from a client itself. A thread waits for
// those from outside once a client has a callback for them.
#pragma once

namespace weft::dynamorio {

/// No more of them are taken; those that run go on.
void stop_nudges();

/// In the child of a fork, which has none of its parent's threads.
void resume_nudges();

}  // namespace weft::dynamorio
