// flags: -nostdlib -static -Wl,-N
// exits: 6
// One segment that is read, written and run, not aligned to a page in the file.
        .globl _start
_start: movb $6, patched+1(%rip)
        jmp 1f
1:
patched: mov $5, %edi
        mov $231, %eax
        syscall
        .section .note.GNU-stack, "", @progbits
