// Offsets of translate::ThreadBlock and CallSite for assembly; engine/thread.cc asserts that they
// are right.
#pragma once

#define WEFT_SPILL_RCX 0
#define WEFT_EXIT_REASON 40
#define WEFT_NEXT_PC 48
#define WEFT_HOST_RSP 64
#define WEFT_HOST_FS 72
#define WEFT_SELF 80
#define WEFT_XSAVE 88
#define WEFT_XSAVE_MASK 96
#define WEFT_ENTER_PC 104
#define WEFT_SIGNAL_PENDING 112
#define WEFT_HAS_FSGSBASE 144
#define WEFT_HAS_XSAVEOPT 152
#define WEFT_FS_OWNER 168
#define WEFT_KEEPS_FS 176
#define WEFT_NO_FS 184
#define WEFT_CONTEXT 192
#define WEFT_RIP (WEFT_CONTEXT + 128)
#define WEFT_RFLAGS (WEFT_CONTEXT + 136)
#define WEFT_FS_BASE (WEFT_CONTEXT + 144)

#define WEFT_CALL_SITE (WEFT_CONTEXT + 168)
#define WEFT_CALL_RESUME (WEFT_CONTEXT + 176)
#define WEFT_STEPPING (WEFT_CONTEXT + 184)

// FsOwner
#define WEFT_FS_OF_RUNTIME 0
#define WEFT_FS_OF_PROGRAM 1
#define WEFT_FS_OF_NOBODY 2
#define WEFT_FS_CHANGING 3

// Of translate::CallSite.
#define WEFT_SITE_FUNCTION 8
#define WEFT_SITE_LIGHT 16

#define WEFT_REASON_LINK 1
#define WEFT_REASON_INDIRECT_MISS 2
#define WEFT_REASON_SYSCALL 3
#define WEFT_REASON_EMULATE 4
#define WEFT_REASON_ABORTED 5
#define WEFT_REASON_SIGNAL 6
#define WEFT_REASON_STALE 7
#define WEFT_REASON_HEAD 8
