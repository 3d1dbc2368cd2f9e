// flags: -nostdlib -static -Wl,-Ttext-segment=0x20000000000
// exits: 42
// A fixed-address executable linked at 2 TB.
        .globl _start
_start: lea done(%rip), %rcx
        push %rcx
        ret
        ud2
done:   mov $42, %edi
        mov $231, %eax
        syscall
        .section .note.GNU-stack, "", @progbits
