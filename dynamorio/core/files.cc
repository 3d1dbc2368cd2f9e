// Files and directories.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/console.h"
#include "core/context.h"
#include "core/protection.h"
#include "core/room.h"

namespace {

using weft::dynamorio::Context;
using weft::dynamorio::Room;

/// Descriptors that the runtime keeps from the program: those that were opened here. In a program
/// that uses the IR alone there is nobody to keep them from.
file_t keep(int fd) {
  if (fd < 0) return INVALID_FILE;
  Room* const room = Room::find();
  if (room == nullptr) return fd;
  const int kept = room->process().keep_descriptor(fd);
  return kept < 0 ? fd : kept;
}

/// Notes errno for dr_get_error_code().
bool done(bool success) {
  Context* const context = Context::current();
  if (!success && context != nullptr) context->error = errno;
  return success;
}

}  // namespace

extern "C" {

bool dr_create_dir(const char* fname) { return done(mkdir(fname, 0777) == 0); }
bool dr_delete_dir(const char* fname) { return done(rmdir(fname) == 0); }
bool dr_get_current_directory(char* buf, size_t bufsz) {
  return done(getcwd(buf, bufsz) != nullptr);
}

bool dr_directory_exists(const char* fname) {
  struct stat status {};
  return fname != nullptr && stat(fname, &status) == 0 && S_ISDIR(status.st_mode);
}

bool dr_file_exists(const char* fname) {
  struct stat status {};
  return fname != nullptr && stat(fname, &status) == 0 && !S_ISDIR(status.st_mode);
}

file_t dr_open_file(const char* fname, uint mode_flags) {
  constexpr uint kWrites = DR_FILE_WRITE_REQUIRE_NEW | DR_FILE_WRITE_APPEND |
                           DR_FILE_WRITE_OVERWRITE | DR_FILE_WRITE_ONLY;
  int flags = O_CLOEXEC;
  if ((mode_flags & kWrites) != 0) {
    const bool reads = (mode_flags & DR_FILE_READ) != 0 && (mode_flags & DR_FILE_WRITE_ONLY) == 0;
    flags |= O_CREAT | (reads ? O_RDWR : O_WRONLY);
    if ((mode_flags & DR_FILE_WRITE_REQUIRE_NEW) != 0) flags |= O_EXCL;
    if ((mode_flags & DR_FILE_WRITE_APPEND) != 0) flags |= O_APPEND;
    if ((mode_flags & DR_FILE_WRITE_OVERWRITE) != 0) flags |= O_TRUNC;
  }
  const int fd = open(fname, flags, 0666);
  done(fd >= 0);
  return keep(fd);
}

void dr_close_file(file_t f) {
  if (Room* const room = Room::find()) room->process().release_descriptor(f);
  close(f);
}

bool dr_rename_file(const char* src, const char* dst, bool replace) {
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  return done(renameat2(AT_FDCWD, src, AT_FDCWD, dst, flags) == 0);
}

bool dr_delete_file(const char* filename) { return done(unlink(filename) == 0); }
void dr_flush_file(file_t f) { done(fsync(f) == 0); }

ssize_t dr_write_file(file_t f, const void* buf, size_t count) {
  return weft::dynamorio::write_whole(f, static_cast<const char*>(buf), count);
}

ssize_t dr_read_file(file_t f, void* buf, size_t count) {
  ssize_t got = 0;
  do {
    got = read(f, buf, count);
  } while (got < 0 && errno == EINTR);
  done(got >= 0);
  return got;
}

bool dr_file_seek(file_t f, int64 offset, int origin) {
  return done(lseek(f, offset, origin) >= 0);
}

int64 dr_file_tell(file_t f) { return lseek(f, 0, SEEK_CUR); }

file_t dr_dup_file_handle(file_t f) {
  const int fd = fcntl(f, F_DUPFD_CLOEXEC, 0);
  done(fd >= 0);
  return keep(fd);
}

bool dr_file_size(file_t fd, uint64* size) {
  struct stat status {};
  if (!done(fstat(fd, &status) == 0)) return false;
  *size = static_cast<uint64>(status.st_size);
  return true;
}

void* dr_map_file(file_t f, size_t* size, uint64 offs, app_pc addr, uint prot, uint flags) {
  int mode = (flags & DR_MAP_PRIVATE) != 0 ? MAP_PRIVATE : MAP_SHARED;
  if ((flags & DR_MAP_FIXED) != 0) mode |= MAP_FIXED_NOREPLACE;
  if (f == INVALID_FILE) mode |= MAP_ANONYMOUS;
  void* const place =
      mmap(addr, *size, weft::dynamorio::to_kernel(prot), mode, f, static_cast<off_t>(offs));
  if (!done(place != MAP_FAILED)) return nullptr;
  const auto page = static_cast<size_t>(getpagesize());
  *size = (*size + page - 1) / page * page;
  return place;
}

bool dr_unmap_file(void* map, size_t size) { return done(munmap(map, size) == 0); }

}  // extern "C"
