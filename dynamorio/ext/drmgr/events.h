// The manager's share of a thread's start and end.
#pragma once

namespace weft::dynamorio {

/// The thread's fields, before every other callback of its start, and behind every one of its end.
void start_fields(void* drcontext);
void end_fields(void* drcontext);

}  // namespace weft::dynamorio
