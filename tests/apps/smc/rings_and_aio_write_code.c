// io_uring and asynchronous I/O write to memory beside code and over it, by the kernel's own threads, too:
// nothing is lost, and what they wrote runs.
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "smc.h"

enum { kImages = 16, kNoMmap = 1 << 14 };

struct ring {
  int fd;
  int polled;
  unsigned *sq_tail, *sq_mask, *sq_array, *sq_flags, *cq_head, *cq_tail, *cq_mask;
  struct io_uring_cqe* completions;
  struct io_uring_sqe* entries;
};

static unsigned* at(char* base, unsigned offset) { return (unsigned*)(base + offset); }

/// In memory of the program's own, which every kernel with such rings accepts.
static int open_ring(struct ring* ring, int polled) {
  struct io_uring_params p = {.flags = kNoMmap | (polled ? IORING_SETUP_SQPOLL : 0), .sq_thread_idle = 100};
  char* memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  char* entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  REQUIRE(memory != MAP_FAILED && entries != MAP_FAILED);
  ((uint64_t*)&p.cq_off)[4] = (uint64_t)memory;
  ((uint64_t*)&p.sq_off)[4] = (uint64_t)entries;
  ring->fd = (int)syscall(SYS_io_uring_setup, 8, &p);
  if (ring->fd < 0) return 0;
  ring->polled = polled;
  ring->entries = (struct io_uring_sqe*)entries;
  ring->sq_tail = at(memory, p.sq_off.tail);
  ring->sq_mask = at(memory, p.sq_off.ring_mask);
  ring->sq_array = at(memory, p.sq_off.array);
  ring->sq_flags = at(memory, p.sq_off.flags);
  ring->cq_head = at(memory, p.cq_off.head);
  ring->cq_tail = at(memory, p.cq_off.tail);
  ring->cq_mask = at(memory, p.cq_off.ring_mask);
  ring->completions = (struct io_uring_cqe*)(memory + p.cq_off.cqes);
  return 1;
}

static int read_by_ring(struct ring* ring, int file, void* to, unsigned size, long offset) {
  const unsigned tail = *ring->sq_tail;
  const unsigned index = tail & *ring->sq_mask;
  ring->entries[index] = (struct io_uring_sqe){
      .opcode = IORING_OP_READ, .fd = file, .addr = (uint64_t)to, .len = size, .off = (uint64_t)offset};
  ring->sq_array[index] = index;
  __atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
  if (!ring->polled) {
    syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
  } else if ((__atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP) != 0) {
    syscall(SYS_io_uring_enter, ring->fd, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
  }
  while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == *ring->cq_head) sched_yield();
  const int result = ring->completions[*ring->cq_head & *ring->cq_mask].res;
  __atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
  return result;
}

static int read_by_aio(aio_context_t context, int file, void* to, unsigned size, long offset) {
  struct iocb request = {.aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = (unsigned)file,
                         .aio_buf = (uint64_t)to,
                         .aio_nbytes = size,
                         .aio_offset = offset};
  struct iocb* requests[] = {&request};
  struct io_event event = {0};
  EXPECT(syscall(SYS_io_submit, context, 1, requests) == 1);
  EXPECT(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1);
  return (int)event.res;
}

typedef int (*reader)(void* how, int file, void* to, unsigned size, long offset);
static int by_ring(void* how, int file, void* to, unsigned size, long offset) {
  return read_by_ring(how, file, to, size, offset);
}
static int by_aio(void* how, int file, void* to, unsigned size, long offset) {
  return read_by_aio(*(aio_context_t*)how, file, to, size, offset);
}

static void use(const char* name, reader read_it, void* how, int file, unsigned char* page) {
  long sum = 0;
  for (int i = 0; i < kImages; ++i) {
    EXPECT(read_it(how, file, page + 2048, kImages * kFunctionSize, 0) == kImages * kFunctionSize);
    EXPECT(page[2049] == 100);
    EXPECT(read_it(how, file, page, kFunctionSize, i * kFunctionSize) == kFunctionSize);
    EXPECT(call(page) == 100 + i);
    sum += call(page) + call(page + 64);
    memset(page + 2048, 0, kImages * kFunctionSize);
  }
  printf("%s: %ld\n", name, sum);
}

static unsigned char* page_with_code(void) {
  unsigned char* page = map_rwx(1);
  write_function(page, 1);
  write_function(page + 64, 2);
  EXPECT(call(page) == 1 && call(page + 64) == 2);
  return page;
}

int main(void) {
  const int file = memfd_create("images", 0);
  for (int i = 0; i < kImages; ++i) {
    unsigned char image[kFunctionSize];
    write_function(image, 100 + i);
    REQUIRE(pwrite(file, image, sizeof image, i * kFunctionSize) == sizeof image);
  }
  // Before there is any ring or context, and afterwards.
  unsigned char* page = page_with_code();
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, 8, &context) == 0) {
    use("aio", by_aio, &context, file, page);
    use("aio, a new page", by_aio, &context, file, page_with_code());
  }
  for (int polled = 0; polled < 2; ++polled) {
    struct ring ring;
    if (!open_ring(&ring, polled)) continue;
    use(polled ? "polled ring" : "ring", by_ring, &ring, file, page);
    use("a new page", by_ring, &ring, file, page_with_code());
  }
  return 0;
}
