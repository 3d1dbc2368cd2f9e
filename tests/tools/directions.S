// 1000 rounds of each conditional jump, with flags and counts by chance.
        .globl _start
        .text
_start:
        mov $1000, %r12d
        mov $88172645463325252, %r13
round:
        mov %r13, %rax
        shl $13, %rax
        xor %rax, %r13
        mov %r13, %rax
        shr $7, %rax
        xor %rax, %r13
        mov %r13, %rax
        shl $17, %rax
        xor %rax, %r13
        mov %r13d, %eax
        and $0x8d5, %eax
        push %rax
        popfq
        jo 1f
        nop
1:
        jno 1f
        nop
1:
        jb 1f
        nop
1:
        jnb 1f
        nop
1:
        je 1f
        nop
1:
        jne 1f
        nop
1:
        jbe 1f
        nop
1:
        ja 1f
        nop
1:
        js 1f
        nop
1:
        jns 1f
        nop
1:
        jp 1f
        nop
1:
        jnp 1f
        nop
1:
        jl 1f
        nop
1:
        jge 1f
        nop
1:
        jle 1f
        nop
1:
        jg 1f
        nop
1:
        mov %r13, %rcx
        shr $60, %rcx
        pushfq
        and $3, %ecx
        popfq
        loopne 1f
        nop
1:
        loope 1f
        nop
1:
        loop 1f
        nop
1:
        jrcxz 1f
        nop
1:
        jecxz 1f
        nop
1:
        dec %r12d
        jnz round
        mov $60, %eax
        xor %edi, %edi
        syscall
