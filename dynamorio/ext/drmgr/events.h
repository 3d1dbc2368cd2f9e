// The manager's share of a thread's start and end.
#pragma once

namespace weft::dynamorio {

/// The thread's fields, before every callback of its start; those that have callbacks of their own,
/// behind them. All end behind every callback of its end.
void start_fields(void* drcontext);
void start_context_fields(void* drcontext);
void end_fields(void* drcontext);

}  // namespace weft::dynamorio
