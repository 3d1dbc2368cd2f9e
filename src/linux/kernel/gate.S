// int64_t weft_syscall_gate(const SyscallArguments* arguments, const volatile uint64_t* pending)
// The contract is in kernel/gate.h. Everything is loaded before the check, so that between the check
// and the system call there is nothing but the window that the labels name.

        .text
        .globl  weft_syscall_gate, weft_gate_begin, weft_gate_syscall, weft_gate_end
        .globl  weft_gate_interrupted
        .hidden weft_syscall_gate, weft_gate_begin, weft_gate_syscall, weft_gate_end
        .hidden weft_gate_interrupted
        .type   weft_syscall_gate, @function
weft_syscall_gate:
        .cfi_startproc
        mov     %rsi, %r11
        mov     0(%rdi), %rax
        mov     16(%rdi), %rsi
        mov     24(%rdi), %rdx
        mov     32(%rdi), %r10
        mov     40(%rdi), %r8
        mov     48(%rdi), %r9
        mov     8(%rdi), %rdi
weft_gate_begin:
        cmpq    $0, (%r11)
        jne     weft_gate_interrupted
weft_gate_syscall:
        syscall
weft_gate_end:
        ret
weft_gate_interrupted:
        mov     $-0x7eff, %rax
        ret
        .cfi_endproc
        .size   weft_syscall_gate, . - weft_syscall_gate

        .section .note.GNU-stack, "", @progbits
