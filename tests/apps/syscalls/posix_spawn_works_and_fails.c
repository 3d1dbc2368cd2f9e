// posix_spawn with file actions and attributes; a missing program is reported to the caller.
#include <spawn.h>

#include "app.h"
extern char** environ;
int main(void) {
  for (int i = 0; i < 10; ++i) {
    pid_t child;
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
    posix_spawn_file_actions_addclose(&actions, pipes[0]);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char* arguments[] = {"sh", "-c", "echo $0 $1; exit 9", "zero", "one", NULL};
    EXPECT(posix_spawnp(&child, "sh", &actions, &attributes, arguments, environ) == 0);
    close(pipes[1]);
    char text[100] = {0};
    EXPECT(read(pipes[0], text, sizeof text) == 9);
    EXPECT(strcmp(text, "zero one\n") == 0 && WEXITSTATUS(wait_for(child)) == 9);
    EXPECT(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environ) == ENOENT);
    EXPECT(posix_spawn(&child, "/etc/passwd", NULL, NULL, arguments, environ) == EACCES);
    close(pipes[0]);
  }
  EXPECT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
  puts("done");
  return app_status();
}
