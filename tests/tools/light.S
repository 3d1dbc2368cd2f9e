// Whether calls that save little change anything: vector and x87 registers, flags and all general registers
// hold known values through 1000 rounds. Exits with 0 if they still do.
 .globl _start
_start:
  movdqu pattern(%rip), %xmm0
  movdqu pattern(%rip), %xmm15
  fld1
  mov $0x1234567890, %r8
  mov $0x55, %r11
  lea table(%rip), %rsi
  mov $1000, %ecx
  stc
1: mov (%rsi,%rcx,8), %rax
  jnc bad
  lea -1(%rcx), %rcx
  inc %rdx
  jrcxz 2f
  jmp 1b
2: cmp $1000, %rdx
  jne bad
  mov $0x1234567890, %r9
  cmp %r8, %r9
  jne bad
  cmp $0x55, %r11
  jne bad
  movdqu pattern(%rip), %xmm1
  pcmpeqb %xmm1, %xmm0
  pcmpeqb %xmm1, %xmm15
  pand %xmm15, %xmm0
  pmovmskb %xmm0, %eax
  cmp $0xffff, %eax
  jne bad
  fld1
  fcomip %st(1), %st
  jne bad
  xor %edi, %edi
3: mov $60, %eax
  syscall
bad:
  mov $1, %edi
  jmp 3b

  .section .rodata
  .balign 16
pattern: .ascii "0123456789abcdef"
  .data
  .balign 8
table: .quad 0
  .set i, 1
  .rept 1000
  .quad i * 3
  .set i, i + 1
  .endr
