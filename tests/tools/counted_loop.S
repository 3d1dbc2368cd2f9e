// 3 instructions, 1000 times 3, and 4: the comment of the test says so, too.
 .globl _start
_start:
  mov $1000, %ecx
  xor %eax, %eax
  nop
1: add %rcx, %rax
  dec %ecx
  jnz 1b
  mov $60, %eax
  xor %edi, %edi
  nop
  syscall
