// Scripts by execve: with and without argument, nested, with spaces, without trailing newline.
#include <sys/stat.h>

#include "app.h"
static const char* path;
static void run(void) {
  char* args[] = {"argument zero", "one", "two words", NULL};
  char* env[] = {"PATH=/usr/bin:/bin", NULL};
  execve(path, args, env);
  printf("errno %d\n", errno);
}
static void script(const char* name, const char* text) {
  int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0700);
  REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
  path = name;
  in_child(name, run);
}
int main(void) {
  script("./plain", "#!/bin/sh\necho $0 \"$@\"\nexit 3\n");
  script("./spaces", "#!  \t /bin/sh   -e  \necho $0 $#\nfalse\necho not reached\n");
  script("./two_arguments", "#!/bin/echo a b c\n");
  script("./no_newline", "#!/bin/echo");
  script("./nested", "#!./two_arguments x\n");
  script("./nested_twice", "#!./nested y\n");
  script("./env", "#!/usr/bin/env sh\necho $0 $1\n");
  script("./relative", "#!../bin/sh\n");
  return app_status();
}
