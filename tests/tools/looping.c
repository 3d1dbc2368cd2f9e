// Loops of direct jumps alone, each until a tool that sees it run writes `released`. The first one turns in one
// block, the second in several that follow one another both ways.
#include <stdio.h>

volatile int released;

static void tell(long loop) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(0x7200L), "D"(loop), "S"(&released) : "rcx", "r11", "memory");
}

long turn_in_place(void);
long turn_about(void);
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
    ".size turn_about, . - turn_about\n");

int main(void) {
  tell(1);
  turn_in_place();
  released = 0;
  tell(2);
  turn_about();
  puts("released");
  return 0;
}
