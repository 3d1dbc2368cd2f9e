// Mappings whose place or alignment the file decides: the rings of an io_uring, huge pages of every kind.
#include <linux/io_uring.h>
#include <linux/mman.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "app.h"

enum { kHugePage = 2 << 20 };

static int works(void* place) {
  if (place == MAP_FAILED) return errno;
  *(volatile char*)place = 1;
  return 0;
}

static void rings(void) {
  struct io_uring_params p = {0};
  const int fd = (int)syscall(SYS_io_uring_setup, 4, &p);
  if (fd < 0) {
    printf("no rings: %d\n", errno);
    return;
  }
  const size_t size = p.sq_off.array + p.sq_entries * 4;
  for (int i = 0; i < 3; ++i) {
    char* ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
    printf("ring %d\n", works(ring));
    char* entries = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                         IORING_OFF_SQES);
    printf("entries %d\n", works(entries));
    // What was mapped there is the program's, to be protected, replaced and unmapped.
    EXPECT(mprotect(entries, 4096, PROT_READ) == 0);
    EXPECT(mmap(ring, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == ring);
    EXPECT(works(ring) == 0 && munmap(ring, size) == 0 && munmap(entries, 4096) == 0);
    EXPECT(mprotect(ring, 4096, PROT_READ) == -1 && errno == ENOMEM);
  }
  char* hinted = mmap((void*)0x123456789000, size, PROT_READ, MAP_SHARED, fd, IORING_OFF_SQ_RING);
  printf("ring with a hint %d\n", works(hinted) == 0 ? 0 : errno);
  close(fd);
}

static void huge_pages(void) {
  const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
  const int both = PROT_READ | PROT_WRITE;
  for (long length = 4096; length <= 2 * kHugePage + 4096; length += kHugePage) {
    char* place = mmap(NULL, length, both, anonymous, -1, 0);
    printf("huge %ld: %d\n", length, works(place));
    if (place == MAP_FAILED) continue;
    EXPECT((long)place % kHugePage == 0);
    place[(length - 1) / kHugePage * kHugePage + kHugePage - 1] = 2;
    EXPECT(munmap(place, (length + kHugePage - 1) / kHugePage * kHugePage) == 0);
  }
  printf("huge with a hint: %d\n", works(mmap((void*)0x123456789000, 4096, both, anonymous, -1, 0)));
  printf("huge, odd size: %d\n", works(mmap(NULL, 4096, both, anonymous | 5 << MAP_HUGE_SHIFT, -1, 0)));
  const int file = memfd_create("huge", MFD_HUGETLB);
  if (file >= 0) {
    printf("huge file: %d\n", works(mmap(NULL, 100, both, MAP_SHARED, file, 0)));
    printf("huge file: %d\n", works(mmap(NULL, kHugePage, both, MAP_PRIVATE, file, 0)));
  }
  const int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600 | SHM_HUGETLB);
  printf("huge segment: %d\n", segment < 0 ? errno : 0);
  if (segment >= 0) {
    char* place = shmat(segment, NULL, 0);
    printf("attached: %d\n", works(place));
    if (place != MAP_FAILED) {
      place[kHugePage - 1] = 1;
      EXPECT(mprotect(place, kHugePage, PROT_READ) == 0 && shmdt(place) == 0);
      EXPECT(mprotect(place, 4096, PROT_READ) == -1 && errno == ENOMEM);
    }
    shmctl(segment, IPC_RMID, NULL);
  }
}

int main(void) {
  rings();
  huge_pages();
  return 0;
}
