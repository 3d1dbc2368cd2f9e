// flags: -nostdlib -static
// exits: 42
// args: argument
// The smallest program: registers as the kernel leaves them, argc on the stack, two system calls.
        .globl _start
_start: cmpq $2, (%rsp)
        jne fail
        test $15, %spl
        jnz fail
        or %rbx, %rax
        or %rcx, %rax
        or %rsi, %rax
        or %rdi, %rax
        or %rbp, %rax
        or %r8, %rax
        or %r9, %rax
        or %r12, %rax
        or %r15, %rax
        jnz fail
        pushfq
        cmpl $0x246, (%rsp)     // the last `or` gave zero
        jne fail
        mov $1, %eax
        mov $1, %edi
        lea text(%rip), %rsi
        mov $6, %edx
        syscall
        mov $42, %edi
        mov $231, %eax
        syscall
fail:   ud2
text:   .ascii "hello\n"
        .section .note.GNU-stack, "", @progbits
