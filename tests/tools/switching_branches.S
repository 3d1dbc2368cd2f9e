// long work(long n): 3 + 23 n/2 instructions for an even n; returns 7 n / 2. A loop of jumps through a table, calls
// through a pointer, and returns; the carry flag is alive across calls and returns.
  .text
  .globl work
  .type work, @function
work:
  xor %eax, %eax
  mov %rdi, %rcx
1: mov %rcx, %rdx
  and $1, %edx
  jmp *table(, %rdx, 8)
even:
  stc
  call *pointer
  adc $0, %rax
  jmp 2f
odd:
  clc
  call add_two
  adc $0, %rax
2: dec %rcx
  jnz 1b
  ret
add_two:
  adc $2, %rax
  stc
  ret
  .size work, . - work

  .data
  .balign 8
table: .quad even, odd
pointer: .quad add_two
  .section .note.GNU-stack, "", @progbits
