// A W^X alias as JITs make it: memfd, shared anonymous memory seen twice, a System V segment; views
// that come and go.
#include <sys/ipc.h>
#include <sys/shm.h>

#include "smc.h"

enum { kSize = 2 * 4096 };

static long through(unsigned char* write_view, unsigned char* code, int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    write_function(write_view, i);
    write_function(write_view + 4096, i * 3);
    EXPECT(call(code) == i && call(code + 4096) == i * 3);
    write_view[1] = (unsigned char)(i + 77);
    EXPECT(call(code) == ((i & ~255) | (i + 77 & 255)));
    sum = sum * 31 + call(code);
  }
  return sum;
}

static long by_memfd(int n) {
  int file = syscall(SYS_memfd_create, "jit", 0);
  REQUIRE(file >= 0 && ftruncate(file, kSize) == 0);
  unsigned char* code = mmap(NULL, kSize, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  unsigned char* view = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  REQUIRE(code != MAP_FAILED && view != MAP_FAILED);
  long sum = through(view, code, n);
  munmap(view, kSize);
  // Views that live only as long as a method is written; the code is hot in between.
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < 20; ++k) sum += call(code);
    view = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, i % 2 * 4096);
    write_function(view, i * 13);
    EXPECT(call(code + i % 2 * 4096) == i * 13);
    munmap(view, 4096);
    EXPECT(call(code + i % 2 * 4096) == i * 13);
  }
  // A view that is made writable only now, and taken back.
  view = mmap(NULL, kSize, PROT_READ, MAP_SHARED, file, 0);
  for (int i = 0; i < n; ++i) {
    sum += call(code);
    mprotect(view, kSize, PROT_READ | PROT_WRITE);
    write_function(view, i * 17);
    EXPECT(call(code) == i * 17);
    mprotect(view, kSize, PROT_READ);
    EXPECT(call(code) == i * 17);
  }
  munmap(view, kSize), munmap(code, kSize), close(file);
  return sum;
}

static long by_second_view(int n) {
  unsigned char* view =
      mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned char* code = mremap(view, 0, kSize, MREMAP_MAYMOVE);
  REQUIRE(code != MAP_FAILED && mprotect(code, kSize, PROT_READ | PROT_EXEC) == 0);
  long sum = through(view, code, n);
  munmap(view, kSize), munmap(code, kSize);
  return sum;
}

static long by_segment(int n) {
  int id = shmget(IPC_PRIVATE, kSize, 0600);
  REQUIRE(id >= 0);
  unsigned char* view = shmat(id, NULL, 0);
  unsigned char* code = shmat(id, NULL, SHM_EXEC);
  REQUIRE(view != (void*)-1 && code != (void*)-1);
  shmctl(id, IPC_RMID, NULL);
  long sum = through(view, code, n);
  shmdt(view), shmdt(code);
  return sum;
}

/// The write view is the code: shared memory that may do everything.
static long by_itself(int n) {
  unsigned char* code =
      mmap(NULL, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  long sum = through(code, code, n);
  munmap(code, kSize);
  return sum;
}

static long body(int number, void* shared) {
  (void)shared;
  int n = 40 + number;
  return by_memfd(n) ^ by_second_view(n) ^ by_segment(n) ^ by_itself(n);
}

int main(void) {
  alone_and_together("views", body, NULL);
  return app_status();
}
