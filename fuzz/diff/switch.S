// fuzz_enter: saves the host's registers, loads those of fuzz_frame, jumps to its entry.
// fuzz_leave: where a sequence ends; stores its registers and returns from fuzz_enter.
// No register or flag of the sequence is changed on the way in or before it is stored on the way out.
    .intel_syntax noprefix
    .text

    .set RFLAGS, 128
    .set HOST_RSP, 136
    .set ENTRY, 144
    .set XSAVE_MASK, 152
    .set XSAVE, 192

    .globl fuzz_enter
    .type fuzz_enter, @function
fuzz_enter:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    lea rdi, [rip + fuzz_frame]
    mov [rdi + HOST_RSP], rsp
    mov eax, [rdi + XSAVE_MASK]
    mov edx, [rdi + XSAVE_MASK + 4]
    xrstor64 [rdi + XSAVE]
    push qword ptr [rdi + RFLAGS]
    popfq
    mov rax, [rdi]
    mov rcx, [rdi + 8]
    mov rdx, [rdi + 16]
    mov rbx, [rdi + 24]
    mov rsp, [rdi + 32]
    mov rbp, [rdi + 40]
    mov rsi, [rdi + 48]
    mov r8, [rdi + 64]
    mov r9, [rdi + 72]
    mov r10, [rdi + 80]
    mov r11, [rdi + 88]
    mov r12, [rdi + 96]
    mov r13, [rdi + 104]
    mov r14, [rdi + 112]
    mov r15, [rdi + 120]
    mov rdi, [rdi + 56]
    jmp qword ptr [rip + fuzz_frame + ENTRY]
    .size fuzz_enter, . - fuzz_enter

    .globl fuzz_leave
    .type fuzz_leave, @function
fuzz_leave:
    mov [rip + fuzz_frame], rax
    mov [rip + fuzz_frame + 8], rcx
    mov [rip + fuzz_frame + 16], rdx
    mov [rip + fuzz_frame + 24], rbx
    mov [rip + fuzz_frame + 32], rsp
    mov [rip + fuzz_frame + 40], rbp
    mov [rip + fuzz_frame + 48], rsi
    mov [rip + fuzz_frame + 56], rdi
    mov [rip + fuzz_frame + 64], r8
    mov [rip + fuzz_frame + 72], r9
    mov [rip + fuzz_frame + 80], r10
    mov [rip + fuzz_frame + 88], r11
    mov [rip + fuzz_frame + 96], r12
    mov [rip + fuzz_frame + 104], r13
    mov [rip + fuzz_frame + 112], r14
    mov [rip + fuzz_frame + 120], r15
    mov rsp, [rip + fuzz_frame + HOST_RSP]
    pushfq
    pop qword ptr [rip + fuzz_frame + RFLAGS]
    cld
    mov eax, [rip + fuzz_frame + XSAVE_MASK]
    mov edx, [rip + fuzz_frame + XSAVE_MASK + 4]
    xsave64 [rip + fuzz_frame + XSAVE]
    fninit
    ldmxcsr [rip + default_mxcsr]
    vzeroupper
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
    .size fuzz_leave, . - fuzz_leave

    .section .rodata
    .balign 4
default_mxcsr:
    .long 0x1F80

    .section .note.GNU-stack, "", @progbits
