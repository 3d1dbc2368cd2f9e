// Loops, each until a tool that sees it run writes `released`. The first one turns in one block, the second in several
// that follow one another both ways, by direct jumps alone; the third by an indirect jump, the last by a call and its
// return.
#include <stdio.h>

volatile int released;

static void tell(long loop) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(0x7200L), "D"(loop), "S"(&released) : "rcx", "r11", "memory");
}

long turn_in_place(void);
long turn_about(void);
long turn_by_jump(void);
long turn_by_return(void);
__asm__(
    ".text\n"
    ".globl turn_in_place\n"
    ".type turn_in_place, @function\n"
    "turn_in_place:\n"
    "1: cmpl $0, released(%rip)\n"
    "  je 1b\n"
    "  ret\n"
    ".size turn_in_place, . - turn_in_place\n"
    ".globl turn_about\n"
    ".type turn_about, @function\n"
    "turn_about:\n"
    "  jmp 3f\n"
    "1: add $1, %rax\n"
    "  jc 2f\n"
    "2: jmp 3f\n"
    "  nop\n"
    "3: cmpl $0, released(%rip)\n"
    "  je 1b\n"
    "  ret\n"
    ".size turn_about, . - turn_about\n"
    ".globl turn_by_jump\n"
    ".type turn_by_jump, @function\n"
    "turn_by_jump:\n"
    "  lea 1f(%rip), %rax\n"
    "1: cmpl $0, released(%rip)\n"
    "  jne 2f\n"
    "  jmp *%rax\n"
    "2: ret\n"
    ".size turn_by_jump, . - turn_by_jump\n"
    ".globl turn_by_return\n"
    ".type turn_by_return, @function\n"
    "turn_by_return:\n"
    "1: call 2f\n"
    "  cmpl $0, released(%rip)\n"
    "  je 1b\n"
    "2: ret\n"
    ".size turn_by_return, . - turn_by_return\n");

int main(void) {
  long (*const turns[])(void) = {turn_in_place, turn_about, turn_by_jump, turn_by_return};
  for (long i = 0; i < 4; ++i) {
    released = 0;
    tell(i + 1);
    turns[i]();
  }
  puts("released");
  return 0;
}
