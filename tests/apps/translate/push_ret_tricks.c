// Returns that no call made, calls that no return answers, returns past a frame, swapped return addresses.
#include "app.h"
__asm__(
    ".text\n"
    ".globl push_ret\npush_ret: lea 1f(%rip), %rax; push %rax; ret; ud2; 1: mov $1, %eax; ret\n"
    ".globl change_return\nchange_return: push %rbx; call 2f; ud2; 1: mov $2, %eax; pop %rbx; ret\n"
    "  2: lea 1b(%rip), %rbx; mov %rbx, (%rsp); ret\n"
    ".globl skip_frame\nskip_frame: call 1f; ud2; 1: add $8, %rsp; mov $3, %eax; ret\n"
    ".globl pop_jump\npop_jump: mov $4, %eax; pop %rdx; jmp *%rdx\n"
    ".globl add_to_return\nadd_to_return: call 1f; ud2; mov $5, %eax; ret; 1: addq $2, (%rsp); "
    "ret\n"
    ".globl chain\nchain: lea 3f(%rip), %rax; push %rax; lea 2f(%rip), %rax; push %rax; lea "
    "1f(%rip), %rax; push %rax; xor %eax, %eax; ret\n"
    "  1: add $1, %eax; ret; 2: add $2, %eax; ret; 3: add $3, %eax; ret\n"
    ".globl pic_thunk\npic_thunk: call 1f; 1: pop %rax; lea 1b(%rip), %rdx; sub %rdx, %rax; ret\n"
    ".globl xchg_return\nxchg_return: lea 1f(%rip), %rax; push %rax; mov 8(%rsp), %rdx; xchg %rdx, "
    "(%rsp); mov %rdx, 8(%rsp); ret; ud2; 1: ret\n"
    ".globl call_next_in_loop\ncall_next_in_loop: xor %eax, %eax; mov $5, %edx; 1: call 2f; 2: add "
    "$8, %rsp; inc %eax; dec %edx; jnz 1b; ret\n"
    ".globl call_reads_return\ncall_reads_return: call 1f; 3: .quad 0x1122334455667788; 1: pop "
    "%rdx; mov (%rdx), %rax; ret\n"
    ".globl ret_into_red_zone\nret_into_red_zone: lea 1f(%rip), %rax; mov %rax, -16(%rsp); sub "
    "$16, %rsp; ret; ud2; 1: add $8, %rsp; mov $77, %eax; ret\n");
#define EACH(m)                                                                                 \
  m(push_ret) m(change_return) m(skip_frame) m(pop_jump) m(add_to_return) m(chain) m(pic_thunk) \
      m(call_next_in_loop) m(call_reads_return) m(ret_into_red_zone)
#define DECLARE(name) long name(void);
EACH(DECLARE)
int main(void) {
  for (int i = 0; i < 3; ++i) {
#define SAY(name) printf(#name " %lx\n", name());
    EACH(SAY)
  }
  return app_status();
}
