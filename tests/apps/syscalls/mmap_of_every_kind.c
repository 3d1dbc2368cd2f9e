// Anonymous, file, shared, fixed, hinted, 32-bit, no-replace, stack-like, huge and refused mappings.
#include "app.h"
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
int main(void) {
  char* a = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(a != MAP_FAILED && a[5000] == 0);
  EXPECT(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a);
  EXPECT(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
             MAP_FAILED &&
         errno == EEXIST);
  munmap(a, 4096);
  EXPECT(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == a);
  munmap(a, 8192);
  EXPECT(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == a);
  char* hinted = mmap((void*)0x500000000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("hint %lx\n", (long)hinted);
  char* low =
      mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  EXPECT(low != MAP_FAILED && (unsigned long)low + (1 << 20) <= 0x80000000);
  char* low_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  EXPECT(low_code != MAP_FAILED && (unsigned long)low_code < 0x80000000);
  memcpy(low_code, "\xb8\x2a\x00\x00\x00\xc3", 6);
  printf("%d\n", ((int (*)(void))low_code)());
  errno = 0;
  mmap((void*)4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("at the lowest page: errno %d\n", errno);
  EXPECT(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
         errno == EINVAL);
  EXPECT(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
  EXPECT(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
  EXPECT(mmap((void*)1, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
             MAP_FAILED &&
         errno == EINVAL);
  EXPECT(mmap(NULL, 1ul << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
         errno == ENOMEM);
  EXPECT(mmap((void*)0xffff800000000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
              -1, 0) == MAP_FAILED &&
         errno == ENOMEM);
  int fd = memfd_create("file", 0);
  EXPECT(ftruncate(fd, 8192) == 0 && pwrite(fd, "content", 7, 4096) == 7);
  char* shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
  EXPECT(strcmp(private, "content") == 0);
  shared[4096] = 'C';
  EXPECT(private[0] == 'C');
  private[1] = 'O';
  EXPECT(shared[4097] == 'o');
  EXPECT(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED && errno == EINVAL);
  char* huge = mmap(NULL, 64ul << 30, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  EXPECT(huge != MAP_FAILED);
  huge[40ul << 30] = 1;
  EXPECT(munmap(huge, 64ul << 30) == 0);
  EXPECT(munmap(a + 1, 4096) == -1 && errno == EINVAL);
  EXPECT(munmap((void*)0x300000000000, 4096) == 0);
  EXPECT(mprotect((void*)0x300000000000, 4096, PROT_READ) == -1 && errno == ENOMEM);
  EXPECT(msync(shared, 8192, MS_SYNC) == 0 && madvise(private, 4096, MADV_DONTNEED) == 0 &&
         private[1] == 'o');
  unsigned char resident[2];
  EXPECT(mincore(shared, 8192, resident) == 0 && resident[1] == 1);
  return app_status();
}
