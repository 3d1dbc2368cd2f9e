// Whether what is inserted before instructions changes registers or flags: all hold known values, 100
// times with all arithmetic flags set and 100 times with none. Exits with 0 if they still do.
 .globl _start
_start:
  movq $200, rounds(%rip)
1: mov $0x8d5, %eax
  testb $1, rounds(%rip)
  jz 2f
  xor %eax, %eax
2: or $0x202, %rax
  mov %rax, wanted(%rip)
  push %rax
  .set i, 1
  .irp reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
  mov $0x7654321000 + i, %\reg
  .set i, i + 1
  .endr
  popfq
  jmp 3f
3: nop
  mov %rax, kept(%rip)
  lea 8(%rsp), %rsp
  lea -8(%rsp), %rsp
  jmp 4f
4: nop
  pushfq
  popq flags(%rip)
  mov %rax, kept(%rip)
  .set i, 1
  .irp reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
  subq $0x76543210, %\reg
  push %\reg
  mov $0x7654321000 + i - 0x76543210, %\reg
  cmp %\reg, (%rsp)
  jne bad
  lea 8(%rsp), %rsp
  .set i, i + 1
  .endr
  mov flags(%rip), %rax
  xor wanted(%rip), %rax
  and $0x8d5, %eax
  jnz bad
  decq rounds(%rip)
  jnz 1b
  xor %edi, %edi
5: mov $60, %eax
  syscall
bad:
  mov $1, %edi
  jmp 5b

  .data
  .balign 8
rounds: .quad 0
wanted: .quad 0
kept: .quad 0
flags: .quad 0
