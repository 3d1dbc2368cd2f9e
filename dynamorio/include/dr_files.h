/* Files, and printing into them. Descriptors are out of the program's sight and reach as far as
 * weft can have it so. For any thread at any time. */
#ifndef DR_FILES_H
#define DR_FILES_H

#include <wchar.h>

#include "dr_ir_utils.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DR_FILE_READ 0x1
#define DR_FILE_WRITE_REQUIRE_NEW 0x2
#define DR_FILE_WRITE_APPEND 0x4
#define DR_FILE_WRITE_OVERWRITE 0x8
#define DR_FILE_ALLOW_LARGE 0x10
#define DR_FILE_CLOSE_ON_FORK 0x20
#define DR_FILE_WRITE_ONLY 0x40

#define DR_SEEK_SET 0
#define DR_SEEK_CUR 1
#define DR_SEEK_END 2

bool dr_create_dir(const char* fname);
bool dr_delete_dir(const char* fname);
bool dr_get_current_directory(char* buf, size_t bufsz);
bool dr_directory_exists(const char* fname);
bool dr_file_exists(const char* fname);
/** INVALID_FILE on failure. */
file_t dr_open_file(const char* fname, uint mode_flags);
void dr_close_file(file_t f);
bool dr_rename_file(const char* src, const char* dst, bool replace);
bool dr_delete_file(const char* filename);
void dr_flush_file(file_t f);
/** How many bytes were written or read; -1 on failure. */
ssize_t dr_write_file(file_t f, const void* buf, size_t count);
ssize_t dr_read_file(file_t f, void* buf, size_t count);
bool dr_file_seek(file_t f, int64 offset, int origin);
int64 dr_file_tell(file_t f);
file_t dr_dup_file_handle(file_t f);
bool dr_file_size(file_t fd, uint64* size);

enum {
  DR_MAP_PRIVATE = 0x0001,
  DR_MAP_FIXED = 0x0002,
  DR_MAP_CACHE_REACHABLE = 0x0008,
};
/** `*size` becomes what was mapped. NULL on failure. */
void* dr_map_file(file_t f, size_t* size, uint64 offs, app_pc addr, uint prot, uint flags);
bool dr_unmap_file(void* map, size_t size);
typedef enum {
  DR_MAPEXE_SKIP_WRITABLE = 0x0002,
} dr_map_executable_flags_t;
/** An ELF image as it would lie in memory, to be read. */
byte* dr_map_executable_file(const char* filename, dr_map_executable_flags_t flags, size_t* size);
bool dr_unmap_executable_file(byte* base, size_t size);

#define DR_LOG_NONE 0x00000000
#define DR_LOG_STATS 0x00000001
#define DR_LOG_TOP 0x00000002
#define DR_LOG_THREADS 0x00000004
#define DR_LOG_SYSCALLS 0x00000008
#define DR_LOG_ASYNCH 0x00000010
#define DR_LOG_INTERP 0x00000020
#define DR_LOG_EMIT 0x00000040
#define DR_LOG_LINKS 0x00000080
#define DR_LOG_CACHE 0x00000100
#define DR_LOG_FRAGMENT 0x00000200
#define DR_LOG_DISPATCH 0x00000400
#define DR_LOG_MONITOR 0x00000800
#define DR_LOG_HEAP 0x00001000
#define DR_LOG_VMAREAS 0x00002000
#define DR_LOG_SYNCH 0x00004000
#define DR_LOG_MEMSTATS 0x00008000
#define DR_LOG_OPTS 0x00010000
#define DR_LOG_SIDELINE 0x00020000
#define DR_LOG_SYMBOLS 0x00040000
#define DR_LOG_RCT 0x00080000
#define DR_LOG_NT 0x00100000
#define DR_LOG_HOT_PATCHING 0x00200000
#define DR_LOG_HTABLE 0x00400000
#define DR_LOG_MODULEDB 0x00800000
#define DR_LOG_ALL 0x00ffffff

/** There is no log: nothing is written. */
void dr_log(void* drcontext, uint mask, uint level, const char* fmt, ...);
file_t dr_get_logfile(void* drcontext);
bool dr_is_notify_on(void);
file_t dr_get_stdout_file(void);
file_t dr_get_stderr_file(void);
file_t dr_get_stdin_file(void);

/* Formats are printf()'s. */
/** A line on standard error. */
void dr_messagebox(const char* fmt, ...) __attribute__((format(printf, 1, 2)));
/** On standard output, written at once. */
void dr_printf(const char* fmt, ...) __attribute__((format(printf, 1, 2)));
ssize_t dr_fprintf(file_t f, const char* fmt, ...) __attribute__((format(printf, 2, 3)));
ssize_t dr_vfprintf(file_t f, const char* fmt, va_list ap);
bool dr_enable_console_printing(void);
bool dr_using_console(void);
/** -1 if the text and its zero do not fit; then what fits is in `buf`, without a zero if it is
 * `max` characters. */
int dr_snprintf(char* buf, size_t max, const char* fmt, ...) __attribute__((format(printf, 3, 4)));
int dr_snwprintf(wchar_t* buf, size_t max, const wchar_t* fmt, ...);
int dr_vsnprintf(char* buf, size_t max, const char* fmt, va_list ap);
int dr_vsnwprintf(wchar_t* buf, size_t max, const wchar_t* fmt, va_list ap);
int dr_sscanf(const char* str, const char* fmt, ...) __attribute__((format(scanf, 2, 3)));
/** Copies the next word of `str`, which may be quoted; returns what follows it, NULL if there is
 * no word. */
const char* dr_get_token(const char* str, char* buf, size_t buflen);
void dr_print_instr(void* drcontext, file_t f, instr_t* instr, const char* msg);
void dr_print_opnd(void* drcontext, file_t f, opnd_t opnd, const char* msg);

#ifdef __cplusplus
}
#endif

#endif
