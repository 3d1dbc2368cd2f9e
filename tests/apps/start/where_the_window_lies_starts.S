// flags: -nostdlib -static -Wl,-Ttext-segment=0x40000000000
// exits: 42
// A fixed-address executable linked at 4 TB.
        .globl _start
_start: lea done(%rip), %rcx
        push %rcx
        ret
        ud2
done:   mov $42, %edi
        mov $231, %eax
        syscall
        .section .note.GNU-stack, "", @progbits
