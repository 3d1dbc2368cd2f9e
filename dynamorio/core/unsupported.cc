// What is refused: calls that the API has and weft has no way to serve yet.
#include "dr_api.h"

extern "C" {

bool dr_suspend_all_other_threads_ex(void***, uint*, uint*, dr_suspend_flags_t) { return false; }
bool dr_suspend_all_other_threads(void***, uint*, uint*) { return false; }
bool dr_resume_all_other_threads(void**, uint) { return false; }

}  // extern "C"
