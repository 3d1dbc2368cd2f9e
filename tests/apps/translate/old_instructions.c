// enter, leave, xlat, moffs loads and stores, bswap, cmpxchg8b, bound-free oddities of 64-bit mode.
#include "app.h"
static unsigned char table[256];
int main(void) {
  for (int i = 0; i < 256; ++i) table[i] = (unsigned char)(255 - i);
  unsigned long v, moved;
  for (int i = 0; i < 2; ++i) {
    __asm__ volatile(
        "sub $128, %%rsp; push %%rbp; mov %%rsp, %%rdx; mov $0x77, %%ebp; enter $64, $0; mov "
        "%%rdx, %1; sub %%rsp, %1; mov (%%rbp), %0; leave; add %%rbp, %0; mov %%rdx, %%rsp; pop "
        "%%rbp; add $128, %%rsp"
        : "=&r"(v), "=&r"(moved)::"rdx", "memory", "cc");
    printf("enter %lx %ld\n", v, moved);
    __asm__ volatile(
        "sub $512, %%rsp; push %%rbp; mov %%rsp, %%rdx; lea 64(%%rsp), %%rbp; enter $16, $3; mov "
        "%%rdx, %0; sub %%rsp, %0; mov %%rdx, %%rsp; pop %%rbp; add $512, %%rsp"
        : "=&r"(v)::"rdx", "memory", "cc");
    printf("enter 3 %ld\n", v);
    __asm__ volatile("xlatb" : "=a"(v) : "a"(0x1210), "b"(table));
    printf("xlat %lx\n", v);
    unsigned long* low =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    low[8] = 0x1122334455667788;
    unsigned char code[64], *at = code;
    unsigned long address = (unsigned long)(low + 8), store = address + 8;
    *at++ = 0x48, *at++ = 0xa1, memcpy(at, &address, 8), at += 8;  // mov rax, [moffs64]
    *at++ = 0x48, *at++ = 0xa3, memcpy(at, &store, 8), at += 8;    // mov [moffs64], rax
    *at++ = 0xa0, memcpy(at, &store, 8), at += 8;                  // mov al, [moffs64]
    *at++ = 0x48, *at++ = 0x0f, *at++ = 0xc8, *at++ = 0xc3;        // bswap rax; ret
    memcpy(low + 32, code, sizeof code);
    printf("moffs %lx\n", ((unsigned long (*)(void))(low + 32))());
    printf("stored %lx\n", low[9]);
    unsigned long pair = 0x500000006;
    __asm__ volatile("cmpxchg8b %0" : "+m"(pair) : "a"(6), "d"(5), "b"(1), "c"(2) : "cc");
    printf("cmpxchg8b %lx\n", pair);
    unsigned char byte;
    __asm__ volatile("stc; mov $0x80, %%al; rol $1, %%al; rcl $3, %%al; mov %%al, %0"
                     : "=r"(byte)::"rax", "cc");
    printf("rcl %x\n", byte);
    munmap(low, 4096);
  }
  return app_status();
}
