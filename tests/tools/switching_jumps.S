// long work(long n): 3 + 9 n + n/2 instructions for an even n; returns 7 n / 2. Blocks that begin with the
// carry flag alive, and with rcx alive, in a loop of direct jumps.
  .text
  .globl work
  .type work, @function
work:
  xor %eax, %eax
  mov %rdi, %rcx
1: add $1, %rax
  test $1, %cl
  jz 2f
  add $3, %rax
2: dec %rcx
  stc
  jmp 3f
3: adc $0, %rax
  test %rcx, %rcx
  jnz 1b
  ret
  .size work, . - work
  .section .note.GNU-stack, "", @progbits
