// int64_t weft_clone_borrowed(const uint64_t call[6], void (*child)(void*), void* argument)
//
// Makes the clone call {number, a0..a4} of call[], which must carry CLONE_VM | CLONE_VFORK and no
// stack. The child runs child(argument) on this same stack, below this frame, which therefore
// stays whole for the parent; the parent goes on when the child has exited or called execve.

        .text
        .globl  weft_clone_borrowed
        .hidden weft_clone_borrowed
        .type   weft_clone_borrowed, @function
weft_clone_borrowed:
        .cfi_startproc
        push    %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        push    %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        mov     %rsi, %rbx
        mov     %rdx, %r12
        mov     0(%rdi), %rax
        mov     16(%rdi), %rsi
        mov     24(%rdi), %rdx
        mov     32(%rdi), %r10
        mov     40(%rdi), %r8
        mov     8(%rdi), %rdi
        syscall
        test    %rax, %rax
        jz      1f
        pop     %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        pop     %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        ret
1:      xor     %ebp, %ebp
        and     $-16, %rsp
        mov     %r12, %rdi
        call    *%rbx
        ud2
        .cfi_endproc
        .size   weft_clone_borrowed, . - weft_clone_borrowed

        .section .note.GNU-stack, "", @progbits
