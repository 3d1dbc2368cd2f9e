// void weft_run_store(const StoreRun* run): executes the code at run->code, one instruction and a
// return, with the registers, flags and vector state of the run, but for rsp; leaves registers and
// flags as the instruction made them. The contract is in protected_store.h.

        .text
        .globl  weft_run_store
        .hidden weft_run_store
        .type   weft_run_store, @function
weft_run_store:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rdi                    // the run
        sub     $16, %rsp               // code address, a word
        mov     8(%rdi), %rax
        mov     %rax, (%rsp)
        mov     24(%rdi), %rax
        mov     %rax, %rdx
        shr     $32, %rdx
        mov     16(%rdi), %rcx
        xrstor64 (%rcx)
        mov     0(%rdi), %rdi           // the registers
        pushq   136(%rdi)
        popfq
        mov     0(%rdi), %rax
        mov     8(%rdi), %rcx
        mov     16(%rdi), %rdx
        mov     24(%rdi), %rbx
        mov     40(%rdi), %rbp
        mov     48(%rdi), %rsi
        mov     64(%rdi), %r8
        mov     72(%rdi), %r9
        mov     80(%rdi), %r10
        mov     88(%rdi), %r11
        mov     96(%rdi), %r12
        mov     104(%rdi), %r13
        mov     112(%rdi), %r14
        mov     120(%rdi), %r15
        mov     56(%rdi), %rdi
        call    *(%rsp)
        pushfq
        mov     %rdi, 16(%rsp)          // the word
        mov     24(%rsp), %rdi
        mov     0(%rdi), %rdi
        popq    136(%rdi)
        mov     %rax, 0(%rdi)
        mov     %rcx, 8(%rdi)
        mov     %rdx, 16(%rdi)
        mov     %rbx, 24(%rdi)
        mov     %rbp, 40(%rdi)
        mov     %rsi, 48(%rdi)
        mov     %r8, 64(%rdi)
        mov     %r9, 72(%rdi)
        mov     %r10, 80(%rdi)
        mov     %r11, 88(%rdi)
        mov     %r12, 96(%rdi)
        mov     %r13, 104(%rdi)
        mov     %r14, 112(%rdi)
        mov     %r15, 120(%rdi)
        mov     8(%rsp), %rax
        mov     %rax, 56(%rdi)
        cld
        movl    $0x1f80, (%rsp)
        ldmxcsr (%rsp)
        add     $24, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .size   weft_run_store, . - weft_run_store

        .section .note.GNU-stack, "", @progbits
