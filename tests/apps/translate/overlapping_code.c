// Jumps into the middle of an instruction: the same bytes are two programs.
#include "app.h"
__asm__(
    ".text\n.globl outer\nouter: .byte 0xb8; inner: .byte 0xb0, 0x05, 0xc3, 0x00\n ret\n"  // mov eax, 0x00c305b0 | mov al, 5; ret
    ".globl lock_or_not\nlock_or_not: .byte 0xf0; skip_lock: addl $3, (%rdi); ret\n"
    ".globl inner\n.globl skip_lock\n"
    // add eax, 1 with a jump back into its immediate, where the bytes are inc eax; ret.
    ".globl back_inside\nback_inside: xor %eax, %eax; 1: .byte 0x05; 2: .byte 0xff, 0xc0, 0xc3, "
    "0x00; jmp 2b\n");
unsigned outer(void), back_inside(void);
unsigned inner(void);
void lock_or_not(int*), skip_lock(int*);
int main(void) {
  for (int i = 0; i < 4; ++i) {
    printf("%x %x\n", outer(), inner() & 0xff);
    int value = 0;
    lock_or_not(&value), skip_lock(&value), lock_or_not(&value);
    printf("%d %x\n", value, back_inside());
  }
  return app_status();
}
