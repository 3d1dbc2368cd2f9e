// C++ exceptions through many frames, with destructors, rethrow, exception_ptr, and catch by type.
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.h"
static int destroyed;
struct Guard {
  ~Guard() { ++destroyed; }
};
__attribute__((noinline)) static void descend(int depth) {
  Guard guard;
  if (depth == 0) throw std::runtime_error("bottom");
  descend(depth - 1);
  __asm__ volatile("");
}
int main() {
  volatile size_t huge = (size_t)-1 / 4;
  for (int i = 0; i < 200; ++i) {
    try {
      descend(i);
    } catch (const std::exception& e) {
      if (i % 50 == 0) printf("%s %d\n", e.what(), destroyed);
    }
  }
  try {
    try {
      descend(3);
    } catch (...) {
      throw;
    }
  } catch (const std::runtime_error&) {
    printf("rethrown %d\n", destroyed);
  }
  std::exception_ptr kept;
  try {
    static_cast<void>(std::vector<int>().at(3));
  } catch (...) {
    kept = std::current_exception();
  }
  try {
    std::rethrow_exception(kept);
  } catch (const std::out_of_range&) {
    puts("out of range");
  }
  try {
    throw 42;
  } catch (int value) {
    printf("%d\n", value);
  }
  try {
    (void)new char[huge];
  } catch (const std::bad_alloc&) {
    puts("bad_alloc");
  }
  return app_status();
}
