/* Types, sizes and configuration that every client header builds on. C99 and C++. */
#ifndef DR_DEFINES_H
#define DR_DEFINES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#ifndef LINUX
#error "define LINUX: configure_DynamoRIO_client() does it"
#endif
#ifndef X86_64
#error "define X86_64: configure_DynamoRIO_client() does it"
#endif
#ifndef X86
#define X86
#endif
#ifndef X64
#define X64
#endif
#ifndef UNIX
#define UNIX
#endif

#ifndef DR_API
#define DR_API
#endif
#define DR_EXPORT __attribute__((visibility("default")))
#define LINK_ONCE __attribute__((weak))
#define WEAK __attribute__((weak))
#define NOINLINE __attribute__((noinline))
#define ALIGN_VAR(x) __attribute__((aligned(x)))
#define INLINE_FORCED inline
#ifndef DR_PARAM_IN
#define DR_PARAM_IN
#endif
#ifndef DR_PARAM_OUT
#define DR_PARAM_OUT
#endif
#ifndef DR_PARAM_INOUT
#define DR_PARAM_INOUT
#endif
#if defined(__cplusplus) || !defined(__GNUC__) || __GNUC__ >= 7
#define DR_FALLTHROUGH __attribute__((fallthrough))
#else
#define DR_FALLTHROUGH ((void)0)
#endif
#define MAXIMUM_PATH 512
/* Notes from here on are the core's. Those of labels at which all registers hold the program's
 * values: an annotation is answered there, or the runtime needs them. */
#define DR_NOTE_FIRST_RESERVED 0xffffffffffff0000ULL
#define DR_NOTE_ANNOTATION (DR_NOTE_FIRST_RESERVED + 1)
#define DR_NOTE_REG_BARRIER (DR_NOTE_FIRST_RESERVED + 5)
#define CAST_TO_bool(x) (!!(x))

/* A client that has names of its own for one of these defines DR_DO_NOT_DEFINE_<name>. */
#ifndef DR_DO_NOT_DEFINE_uint
typedef unsigned int uint;
#endif
#ifndef DR_DO_NOT_DEFINE_ushort
typedef unsigned short ushort;
#endif
#ifndef DR_DO_NOT_DEFINE_byte
typedef unsigned char byte;
#endif
#ifndef DR_DO_NOT_DEFINE_sbyte
typedef signed char sbyte;
#endif
#ifndef DR_DO_NOT_DEFINE_int64
typedef long int64;
#endif
#ifndef DR_DO_NOT_DEFINE_uint64
typedef unsigned long uint64;
#endif

typedef byte* app_pc;
typedef void (*generic_func_t)(void);
typedef uint64 reg_t;
typedef reg_t ptr_uint_t;
typedef int64 ptr_int_t;
typedef size_t app_rva_t;
typedef pid_t thread_id_t;
typedef pid_t process_id_t;
typedef int file_t;
typedef uint client_id_t;

#define PTR_UINT_0 ((ptr_uint_t)0)
#define PTR_UINT_1 ((ptr_uint_t)1)
#define PTR_UINT_MINUS_1 ((ptr_uint_t)-1)
#define INVALID_PROCESS_ID PTR_UINT_MINUS_1
#define INVALID_FILE (-1)

#ifdef __cplusplus
extern "C" {
#endif
/* The process's standard files as the tool may use them. */
extern file_t our_stdout;
extern file_t our_stderr;
extern file_t our_stdin;
#ifdef __cplusplus
}
#endif
#define STDOUT our_stdout
#define STDERR our_stderr
#define STDIN our_stdin

struct _opnd_t;
typedef struct _opnd_t opnd_t;
struct _instr_t;
typedef struct _instr_t instr_t;
struct _instrlist_t;
typedef struct _instrlist_t instrlist_t;

/* Selection by architecture: x86-64 on Linux is all there is. */
#define IF_X86(x) x
#define IF_X86_ELSE(x, y) x
#define IF_X86_(x) x,
#define _IF_X86(x) , x
#define IF_NOT_X86(x)
#define IF_NOT_X86_(x)
#define _IF_NOT_X86(x)
#define IF_ARM(x)
#define IF_ARM_ELSE(x, y) y
#define IF_ARM_(x)
#define _IF_ARM(x)
#define IF_NOT_ARM(x) x
#define _IF_NOT_ARM(x) , x
#define IF_AARCH64(x)
#define IF_AARCH64_ELSE(x, y) y
#define IF_AARCH64_(x)
#define _IF_AARCH64(x)
#define IF_NOT_AARCH64(x) x
#define _IF_NOT_AARCH64(x) , x
#define IF_AARCHXX(x)
#define IF_AARCHXX_ELSE(x, y) y
#define IF_AARCHXX_(x)
#define _IF_AARCHXX(x)
#define IF_NOT_AARCHXX(x) x
#define _IF_NOT_AARCHXX(x) , x
#define IF_RISCV64(x)
#define IF_RISCV64_ELSE(x, y) y
#define IF_RISCV64_(x)
#define _IF_RISCV64(x)
#define IF_NOT_RISCV64(x) x
#define _IF_NOT_RISCV64(x) , x
#define IF_AARCHXX_OR_RISCV64(x)
#define IF_AARCHXX_OR_RISCV64_ELSE(x, y) y
#define IF_AARCHXX_OR_RISCV64_(x)
#define _IF_AARCHXX_OR_RISCV64(x)
#define IF_NOT_AARCHXX_AND_NOT_RISCV64(x) x
#define _IF_NOT_AARCHXX_AND_NOT_RISCV64(x) , x
#define IF_AARCH64_OR_RISCV64(x)
#define IF_AARCH64_OR_RISCV64_ELSE(x, y) y
#define IF_AARCH64_OR_RISCV64_(x)
#define _IF_AARCH64_OR_RISCV64(x)
#define IF_NOT_AARCH64_AND_NOT_RISCV64(x) x
#define _IF_NOT_AARCH64_AND_NOT_RISCV64(x) , x
#define IF_ANDROID(x)
#define IF_ANDROID_ELSE(x, y) y
#define IF_NOT_ANDROID(x) x
#define IF_NOT_ANDROID32(x) x
#define IF_X64(x) x
#define IF_X64_ELSE(x, y) x
#define IF_X64_(x) x,
#define _IF_X64(x) , x
#define IF_NOT_X64(x)
#define _IF_NOT_X64(x)
#define IF_X86_32(x)
#define IF_X86_64(x) x
#define IF_X86_64_ELSE(x, y) x
#define IF_X86_64_(x) x,
#define _IF_X86_64(x) , x
#define IF_NOT_X86_64(x)
#define _IF_NOT_X86_64(x)
#define IF_X64_OR_ARM(x) x
#define IF_NOT_X64_OR_ARM(x)
#define IF_X86_OR_AARCH64(x) x
#define IF_NOT_X86_OR_AARCH64(x)
#define IF_WINDOWS(x)
#define IF_WINDOWS_ELSE(x, y) y
#define IF_LINUX(x) x
#define IF_LINUX_ELSE(x, y) x
#define IF_UNIX(x) x
#define IF_UNIX_ELSE(x, y) x

/* Formats of printf for 64-bit values, pointers, sizes, process and thread ids. */
#define INT64_FORMAT "l"
#define UINT64_FORMAT_CODE INT64_FORMAT "u"
#define INT64_FORMAT_CODE INT64_FORMAT "d"
#define UINT64_FORMAT_STRING "%" UINT64_FORMAT_CODE
#define INT64_FORMAT_STRING "%" INT64_FORMAT_CODE
#define HEX64_FORMAT_STRING "%" INT64_FORMAT "x"
#define ZHEX64_FORMAT_STRING "%016" INT64_FORMAT "x"
#define HEX32_FORMAT_STRING "%x"
#define ZHEX32_FORMAT_STRING "%08x"
#define PFMT ZHEX64_FORMAT_STRING
#define PIFMT HEX64_FORMAT_STRING
#define PFX "%p"
#define PIFX "0x" PIFMT
#define SZFMT UINT64_FORMAT_STRING
#define SSZFMT INT64_FORMAT_STRING
#define SZFC UINT64_FORMAT_CODE
#define SSZFC INT64_FORMAT_CODE
#define PIDFMT "%d"
#define TIDFMT "%d"
#ifndef INFINITE
#define INFINITE 0xFFFFFFFF
#endif

typedef union _dr_xmm_t {
  uint64 u64[2];
  uint u32[4];
  byte u8[16];
  reg_t reg[2];
} dr_xmm_t;

typedef union _dr_ymm_t {
  uint64 u64[4];
  uint u32[8];
  byte u8[32];
  reg_t reg[4];
} dr_ymm_t;

typedef union _dr_zmm_t {
  uint64 u64[8];
  uint u32[16];
  byte u8[64];
  reg_t reg[8];
} dr_zmm_t;

typedef uint64 dr_opmask_t;

#define MCXT_NUM_SIMD_SSE_AVX_SLOTS 16
#define MCXT_NUM_SIMD_SLOTS 32
#define MCXT_NUM_OPMASK_SLOTS 8

/* Which parts of a dr_mcontext_t a call reads or fills. */
typedef enum {
  DR_MC_INTEGER = 0x01,    /* the general registers, but for xsp */
  DR_MC_CONTROL = 0x02,    /* xsp, xflags and pc */
  DR_MC_MULTIMEDIA = 0x04, /* simd and opmask */
  DR_MC_ALL = (DR_MC_INTEGER | DR_MC_CONTROL | DR_MC_MULTIMEDIA)
} dr_mcontext_flags_t;

/* A register under the names that clients use for it. */
#define DR_MC_REGISTER_(x, r, e) \
  union {                        \
    reg_t x;                     \
    reg_t r;                     \
    reg_t e;                     \
  }

/* A thread's registers. The caller sets `size` to sizeof(dr_mcontext_t) and `flags` to DR_MC_*
 * before each call that takes one. */
typedef struct _dr_mcontext_t {
  size_t size;
  dr_mcontext_flags_t flags;
  DR_MC_REGISTER_(xdi, rdi, edi);
  DR_MC_REGISTER_(xsi, rsi, esi);
  DR_MC_REGISTER_(xbp, rbp, ebp);
  DR_MC_REGISTER_(xsp, rsp, esp);
  DR_MC_REGISTER_(xbx, rbx, ebx);
  DR_MC_REGISTER_(xdx, rdx, edx);
  DR_MC_REGISTER_(xcx, rcx, ecx);
  DR_MC_REGISTER_(xax, rax, eax);
  reg_t r8, r9, r10, r11, r12, r13, r14, r15;
  union {
    reg_t xflags;
    reg_t rflags;
    reg_t eflags;
  };
  union {
    byte* xip;
    byte* pc;
    byte* rip;
    byte* eip;
  };
  byte padding[8];
  union {
    dr_zmm_t simd[MCXT_NUM_SIMD_SLOTS];
    dr_zmm_t ymm[MCXT_NUM_SIMD_SLOTS];
  };
  dr_opmask_t opmask[MCXT_NUM_OPMASK_SLOTS];
} dr_mcontext_t;
#undef DR_MC_REGISTER_

#endif
