#include <stdint.h>

int64_t late_work(int64_t n) { return n * 3; }
