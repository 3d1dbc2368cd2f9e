// Executes 3 + 6 * 1000 + 2 * 250 + 3 = 6506 instructions; makes 1000 stores and 250 loads of 8 bytes.
// flags: -static -nostdlib
        .globl _start
        .section .bss
        .balign 4096
array:  .skip 8192
        .text
_start:
        xor %eax, %eax                  // 1
        mov $1000, %ecx                 // 1
        lea array(%rip), %rsi           // 1
loop:
        add $1, %rax                    // 1000
        mov %rax, (%rsi,%rcx,8)         // 1000: one store of 8 bytes each
        test $3, %cl                    // 1000
        jne skip                        // 1000
        mov (%rsi,%rcx,8), %rdx         // 250: one load of 8 bytes each
        add %rdx, %rbx                  // 250
skip:
        dec %ecx                        // 1000
        jnz loop                        // 1000
        mov $231, %eax                  // 1: exit_group
        xor %edi, %edi                  // 1
        syscall                         // 1
