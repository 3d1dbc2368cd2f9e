// flags: -nostdlib -static -Wl,-Ttext-segment=0x10000000000
// exits: 42
// A fixed-address executable linked at 1 TB, with an indirect branch and a call through its own data.
        .globl _start
_start: lea pointer(%rip), %rbx
        call *(%rbx)
        lea done(%rip), %rcx
        jmp *%rcx
        ud2
work:   mov $1, %eax
        mov $1, %edi
        movabs $text, %rsi
        mov $4, %edx
        syscall
        ret
done:   mov $42, %edi
        mov $231, %eax
        syscall
text:   .ascii "far\n"
        .data
pointer: .quad work
        .section .note.GNU-stack, "", @progbits
