// fs and gs lead to `base` and `base + 8`; a loop of 100 rounds, by a jump to its head. Ends with the number of its
// carries (none, left alone), what rsi last was (1) and what xmm3 is (0).
 .data
 .globl base
base: .quad 1, 2

 .globl _start
 .text
_start:
  mov $158, %eax
  mov $0x1002, %edi
  lea base, %rsi
  syscall
  mov $158, %eax
  mov $0x1001, %edi
  lea base + 8, %rsi
  syscall
  lea base, %rbx
  pxor %xmm3, %xmm3
  xor %r8d, %r8d
  mov $100, %ecx
  jmp 1f
1: mov (%rbx), %rsi
  xor %edi, %edi
  inc %rdi
  adc $0, %r8
  dec %ecx
  jnz 1b
  movq %xmm3, %rax
  lea (%rax, %rsi), %rdi
  add %r8, %rdi
  mov $60, %eax
  syscall
