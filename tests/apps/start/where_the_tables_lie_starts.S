// flags: -nostdlib -static -Wl,-Ttext-segment=0x200080000000
// exits: 42
// A fixed-address executable linked at 32 TB, where the runtime likes to keep its own tables.
        .globl _start
_start: lea done(%rip), %rcx
        push %rcx
        ret
        ud2
done:   mov $42, %edi
        mov $231, %eax
        syscall
        .section .note.GNU-stack, "", @progbits
