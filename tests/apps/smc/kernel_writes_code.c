// System calls that write into pages of code: they succeed as natively, and what they wrote runs.
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "smc.h"

static void image_of(unsigned char* image, int value) { write_function(image, value); }

static long through_pipes(unsigned char* code, int n) {
  long sum = 0;
  int pipes[2];
  int sockets[2];
  REQUIRE(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  unsigned char image[kFunctionSize];
  for (int i = 0; i < n; ++i) {
    sum += call(code);
    image_of(image, i * 3);
    EXPECT(write(pipes[1], image, sizeof image) == sizeof image);
    EXPECT(read(pipes[0], code, sizeof image) == sizeof image);
    EXPECT(call(code) == i * 3);

    image_of(image, i * 5);
    EXPECT(write(pipes[1], image, sizeof image) == sizeof image);
    struct iovec parts[2] = {{code, 2}, {code + 2, kFunctionSize - 2}};
    EXPECT(readv(pipes[0], parts, 2) == sizeof image);
    EXPECT(call(code) == i * 5);

    image_of(image, i * 7);
    EXPECT(send(sockets[1], image, sizeof image, 0) == sizeof image);
    EXPECT(recv(sockets[0], code, sizeof image, 0) == sizeof image);
    EXPECT(call(code) == i * 7);

    image_of(image, i * 9);
    EXPECT(send(sockets[1], image, sizeof image, 0) == sizeof image);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    EXPECT(recvmsg(sockets[0], &message, 0) == sizeof image);
    EXPECT(call(code) == i * 9);
  }
  close(pipes[0]), close(pipes[1]), close(sockets[0]), close(sockets[1]);
  return sum;
}

static long from_files(unsigned char* code, int n) {
  long sum = 0;
  int file = syscall(SYS_memfd_create, "code", 0);
  REQUIRE(file >= 0);
  unsigned char image[2 * 4096];
  memset(image, 0x90, sizeof image);
  for (int i = 0; i < n; ++i) {
    sum += call(code) + call(code + 4096);
    image_of(image, i);
    image_of(image + 4096, i * 11);
    EXPECT(pwrite(file, image, sizeof image, 0) == sizeof image);
    // Two pages of code in one call: none is left out.
    EXPECT(pread(file, code, sizeof image, 0) == sizeof image);
    EXPECT(call(code) == i && call(code + 4096) == i * 11);
    image_of(image, i + 1);
    struct iovec from = {image, kFunctionSize};
    struct iovec to = {code, kFunctionSize};
    EXPECT(process_vm_writev(getpid(), &from, 1, &to, 1, 0) == kFunctionSize);
    EXPECT(call(code) == i + 1);
    struct stat status;
    EXPECT(fstat(file, (struct stat*)(code + 512)) == 0);
    EXPECT(fstat(file, &status) == 0 &&
           memcmp(&status.st_ino, &((struct stat*)(code + 512))->st_ino, 8) == 0);
    EXPECT(call(code) == i + 1);
    EXPECT(getrandom(code + 1, 1, 0) == 1);
    EXPECT(call(code) == (((i + 1) & ~255) | code[1]));
    code[1] = 0;
  }
  close(file);
  return sum;
}

/// What the runtime writes for the program: results of calls that it carries out itself.
static long by_emulated_calls(unsigned char* code, int n) {
  for (int i = 0; i < n; ++i) {
    write_function(code, i);
    EXPECT(call(code) == i);
    struct sigaction* old = (struct sigaction*)(code + 1024);
    EXPECT(syscall(SYS_rt_sigaction, SIGUSR1, NULL, old, 8) == 0);
    EXPECT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, code + 2048, 8) == 0);
    EXPECT(call(code) == i);
  }
  return n;
}

static long body(int number, void* shared) {
  (void)shared;
  unsigned char* code = map_rwx(2);
  write_function(code, 1);
  write_function(code + 4096, 2);
  int n = 30 + number;
  return through_pipes(code, n) + from_files(code, n) + by_emulated_calls(code, n);
}

int main(void) {
  alone_and_together("kernel", body, NULL);
  return app_status();
}
