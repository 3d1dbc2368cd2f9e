// Into the code cache and out of it. Everything goes through gs (the thread's block), nothing touches
// the program's stack (red zone), and flags are saved before anything changes them.
#include "engine/offsets.h"

#define GPR(n) %gs:(WEFT_CONTEXT + 8 * (n))

// The program's general registers but rcx into its context, and the flags; the stack is the runtime's then.
.macro SAVE_REGISTERS
  mov %rax, GPR(0)
  mov %rdx, GPR(2)
  mov %rbx, GPR(3)
  mov %rsp, GPR(4)
  mov %rbp, GPR(5)
  mov %rsi, GPR(6)
  mov %rdi, GPR(7)
  mov %r8, GPR(8)
  mov %r9, GPR(9)
  mov %r10, GPR(10)
  mov %r11, GPR(11)
  mov %r12, GPR(12)
  mov %r13, GPR(13)
  mov %r14, GPR(14)
  mov %r15, GPR(15)
  mov %gs:WEFT_HOST_RSP, %rsp
  pushfq
  popq %gs:WEFT_RFLAGS
.endm

// The same, and its vector state.
.macro SAVE_STATE
  SAVE_REGISTERS
  mov %gs:WEFT_XSAVE_MASK, %rax
  mov %rax, %rdx
  shr $32, %rdx
  mov %gs:WEFT_XSAVE, %rcx
  cmpq $0, %gs:WEFT_HAS_XSAVEOPT
  je 98f
  xsaveopt64 (%rcx)
  jmp 99f
98:
  xsave64 (%rcx)
99:
  // The x87 pointers beside it, where the CPU leaves them out: there is an x87 state that is not the initial
  // one, and no exception pending (which would have them stored, and fldenv raise it).
  movq $0, %gs:WEFT_X87_APART
  cmpq $0, %gs:WEFT_LEAVES_OUT_X87
  je 98f
  testb $1, 512(%rcx)
  jz 98f
  testb $0x80, 2(%rcx)
  jnz 98f
  fnstenv %gs:WEFT_X87_ENVIRONMENT
  movq $1, %gs:WEFT_X87_APART
98:
.endm

// Flags and rounding as C++ wants them.
.macro HOST_STATE
  pushq $2              // no direction flag, no alignment check
  popfq
  pushq $0x1f80
  ldmxcsr (%rsp)
  add $8, %rsp
.endm

.macro SET_FS           // to rsi
  cmpq $0, %gs:WEFT_HAS_FSGSBASE
  je 98f
  wrfsbase %rsi
  jmp 99f
98:
  mov $158, %eax        // arch_prctl
  mov $0x1002, %edi     // ARCH_SET_FS
  syscall
99:
.endm

// Whose fs it is, is noted behind the switch, and that it is going to change before it: a signal handler
// looks for itself unless it is the program's by this note.
.macro HOST_FS
  movq $WEFT_FS_CHANGING, %gs:WEFT_FS_OWNER
  mov %gs:WEFT_HOST_FS, %rsi
  SET_FS
  movq $WEFT_FS_OF_RUNTIME, %gs:WEFT_FS_OWNER
.endm

.macro PROGRAM_FS
  cmpq $WEFT_FS_OF_PROGRAM, %gs:WEFT_FS_OWNER
  je 97f
  mov %gs:WEFT_FS_BASE, %rsi
  SET_FS
  movq $WEFT_FS_OF_PROGRAM, %gs:WEFT_FS_OWNER
97:
.endm

.macro RESTORE_REGISTERS
  mov GPR(0), %rax
  mov GPR(1), %rcx
  mov GPR(2), %rdx
  mov GPR(3), %rbx
  mov GPR(5), %rbp
  mov GPR(6), %rsi
  mov GPR(7), %rdi
  mov GPR(8), %r8
  mov GPR(9), %r9
  mov GPR(10), %r10
  mov GPR(11), %r11
  mov GPR(12), %r12
  mov GPR(13), %r13
  mov GPR(14), %r14
  mov GPR(15), %r15
  mov GPR(4), %rsp
.endm

.macro LOAD_VECTORS
  mov %gs:WEFT_XSAVE_MASK, %rax
  mov %rax, %rdx
  shr $32, %rdx
  mov %gs:WEFT_XSAVE, %rcx
  xrstor64 (%rcx)
  cmpq $0, %gs:WEFT_X87_APART
  je 98f
  fldenv %gs:WEFT_X87_ENVIRONMENT
98:
.endm

  .text

// void weft_enter_cache(): runs the program from gs:ENTER_PC; returns when it leaves the cache.
  .globl weft_enter_cache
  .type weft_enter_cache, @function
weft_enter_cache:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  sub $8, %rsp
  mov %rsp, %gs:WEFT_HOST_RSP
  LOAD_VECTORS
  PROGRAM_FS
  // From here on a signal sends the thread to weft_abort_enter (see FaultHandler).
  .globl weft_entering_begin
weft_entering_begin:
  cmpq $0, %gs:WEFT_SIGNAL_PENDING
  jne weft_abort_enter
  pushq %gs:WEFT_RFLAGS
  popfq
  RESTORE_REGISTERS
  jmp *%gs:WEFT_ENTER_PC
  .globl weft_entering_end
weft_entering_end:

  .globl weft_abort_enter
weft_abort_enter:
  movq $WEFT_REASON_ABORTED, %gs:WEFT_EXIT_REASON
  jmp weft_back_to_runtime

// The signal handler saved the program's whole state already.
  .globl weft_leave_for_signal
weft_leave_for_signal:
  movq $WEFT_REASON_SIGNAL, %gs:WEFT_EXIT_REASON
  jmp weft_back_to_runtime

// An unlinked exit; its stub stored the exit's id.
  .globl weft_exit_link
weft_exit_link:
  movq $WEFT_REASON_LINK, %gs:WEFT_EXIT_REASON
  mov %rcx, GPR(1)
  jmp weft_save_state

// The same for an exit that is counted.
  .globl weft_exit_head
weft_exit_head:
  movq $WEFT_REASON_HEAD, %gs:WEFT_EXIT_REASON
  mov %rcx, GPR(1)
  jmp weft_save_state

// An indirect branch to rcx that found nothing; the program's rcx is in its spill slot.
  .globl weft_exit_indirect_miss
weft_exit_indirect_miss:
  movq $WEFT_REASON_INDIRECT_MISS, %gs:WEFT_EXIT_REASON
  mov %rcx, %gs:WEFT_RIP
  mov %gs:WEFT_SPILL_RCX, %rcx
  mov %rcx, GPR(1)
  jmp weft_save_state

// A system call; rcx is the address after it.
  .globl weft_exit_syscall
weft_exit_syscall:
  movq $WEFT_REASON_SYSCALL, %gs:WEFT_EXIT_REASON
  mov %rcx, %gs:WEFT_RIP
  mov %rcx, GPR(1)
  jmp weft_save_state

// A fragment found that its bytes have changed.
  .globl weft_exit_stale
weft_exit_stale:
  movq $WEFT_REASON_STALE, %gs:WEFT_EXIT_REASON
  jmp 1f

  .globl weft_exit_emulate
weft_exit_emulate:
  movq $WEFT_REASON_EMULATE, %gs:WEFT_EXIT_REASON
1:
  mov %rcx, GPR(1)
  mov %gs:WEFT_NEXT_PC, %rcx
  mov %rcx, %gs:WEFT_RIP

weft_save_state:
  SAVE_STATE
  cmpq $0, %gs:WEFT_HAS_FSGSBASE
  je weft_back_to_runtime
  rdfsbase %rax
  mov %rax, %gs:WEFT_FS_BASE

weft_back_to_runtime:
  mov %gs:WEFT_HOST_RSP, %rsp
  HOST_STATE
  cmpq $0, %gs:WEFT_KEEPS_FS
  jne 1f
  HOST_FS
  jmp 2f
1:
  // The program's for now; or none, to find out who needs one without asking for it.
  cmpq $WEFT_FS_OF_PROGRAM, %gs:WEFT_FS_OWNER
  je 1f
  ud2                   // somebody took the runtime's and did not give it back
1:
  mov %gs:WEFT_NO_FS, %rsi
  test %rsi, %rsi
  je 2f
  movq $WEFT_FS_CHANGING, %gs:WEFT_FS_OWNER
  SET_FS
  movq $WEFT_FS_OF_NOBODY, %gs:WEFT_FS_OWNER
2:
  add $8, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
  .size weft_enter_cache, . - weft_enter_cache

// A clean call: rcx is its CallSite, the program's rcx is in its context, and the way back is in
// gs:CALL_RESUME.
  .globl weft_clean_call
weft_clean_call:
  mov %rcx, %gs:WEFT_CALL_SITE
  SAVE_STATE
  cmpq $0, %gs:WEFT_HAS_FSGSBASE
  je 1f
  rdfsbase %rax
  mov %rax, %gs:WEFT_FS_BASE
1:
  HOST_STATE
  HOST_FS
  mov %gs:WEFT_CALL_SITE, %rdi
  call weft_run_clean_call
  test %al, %al
  jne weft_abort_enter  // the program goes on elsewhere: its context says where
  LOAD_VECTORS
  PROGRAM_FS
  // From here on a signal has the thread single-stepped on, into the cache.
  .globl weft_resuming_begin
weft_resuming_begin:
  pushq %gs:WEFT_RFLAGS
  cmpq $0, %gs:WEFT_SIGNAL_PENDING
  je 1f
  // One came during the call: it is delivered as if it had come just behind it.
  mov %gs:WEFT_STEPPING, %rax
  movb $1, (%rax)
  orq $0x100, (%rsp)
1:
  popfq
  RESTORE_REGISTERS
  jmp *%gs:WEFT_CALL_RESUME
  .globl weft_resuming_end
weft_resuming_end:

// The address of the last x87 instruction is about to be stored: it becomes the program's. The program's rcx is in
// its context, and the way back is in gs:CALL_RESUME.
  .globl weft_settle_x87
weft_settle_x87:
  SAVE_STATE
  HOST_STATE
  mov %gs:WEFT_SELF, %rdi
  call weft_settle_saved_x87
  LOAD_VECTORS
  jmp weft_resuming_begin

// A clean call of a function that touches neither vector nor x87 state nor fs, with arguments made by a function
// that touches none either: all three stay the program's. Else as above.
  .globl weft_light_call
weft_light_call:
  SAVE_REGISTERS
  mov %rcx, %rbx
  cmpq $0, %gs:WEFT_HAS_FSGSBASE
  je 1f
  rdfsbase %rax
  mov %rax, %gs:WEFT_FS_BASE
1:
  cld
  testl $0x40000, %gs:WEFT_RFLAGS  // alignment check
  je 1f
  pushq $2
  popfq
1:
  mov %rbx, %rdi
  mov %gs:WEFT_SELF, %rsi
  sub $48, %rsp
  mov %rsp, %rdx
  call *WEFT_SITE_LIGHT(%rdi)
  pop %rdi
  pop %rsi
  pop %rdx
  pop %rcx
  pop %r8
  pop %r9
  call *WEFT_SITE_FUNCTION(%rbx)
  jmp weft_resuming_begin

// void weft_run_on_stack(void* argument, void (*function)(void*), void* stack_top): never returns.
  .globl weft_run_on_stack
  .type weft_run_on_stack, @function
weft_run_on_stack:
  mov %rdx, %rsp
  and $-16, %rsp
  xor %ebp, %ebp
  call *%rsi
  ud2
  .size weft_run_on_stack, . - weft_run_on_stack

  .section .note.GNU-stack,"",@progbits
