// A program started with descriptors 0, 1 and 2 closed gets them as its first open files.
#include "app.h"
int main(int argc, char** argv) {
  if (argc > 1) {
    int a = open("/dev/null", O_RDWR), b = open("/dev/null", O_RDWR), c = open("/dev/null", O_RDWR);
    return a * 100 + b * 10 + c;
  }
  pid_t child = fork();
  if (child == 0) {
    close(0), close(1), close(2);
    execl("/proc/self/exe", argv[0], "child", NULL);
    _exit(99);
  }
  say_status("child", wait_for(child));
  return app_status();
}
