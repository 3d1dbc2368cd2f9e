// DR_TRY_EXCEPT's parts. A fault in a client's code ends the process with a line that names it, in
// such a statement too: dr_safe_read() and dr_safe_write() are what does not fault.
#include "dr_api.h"

extern "C" {

void dr_try_setup(void*, void** try_cxt) { *try_cxt = nullptr; }
int dr_try_start(void*) { return 0; }
void dr_try_stop(void*, void*) {}

}  // extern "C"
