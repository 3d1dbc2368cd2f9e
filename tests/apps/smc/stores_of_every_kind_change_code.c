// An immediate is overwritten by stores of every width and kind, and each is seen by the next call.
#include <emmintrin.h>

#include "smc.h"

static void check(unsigned char* code, int value, long* sum) {
  EXPECT(call(code) == value);
  *sum = *sum * 31 + call(code);
}

static long plain_stores(unsigned char* code, int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    *(volatile unsigned char*)(code + 1) = (unsigned char)(i + 1);
    check(code, (*(int*)(code + 1)), &sum);
    *(volatile unsigned short*)(code + 1) = (unsigned short)(i * 259);
    check(code, (*(int*)(code + 1)), &sum);
    *(volatile unsigned*)(code + 1) = (unsigned)i * 77777u;
    check(code, (int)(i * 77777u), &sum);
    *(volatile unsigned long*)code =
        0xc3000000b8ul | (unsigned long)i << 8 & 0xff00 | 0xc30000000000ul;
    check(code, *(int*)(code + 1), &sum);
  }
  return sum;
}

static long read_modify_write(unsigned char* code, int n) {
  long sum = 0;
  int* immediate = (int*)(code + 1);
  for (int i = 0; i < n; ++i) {
    int before = *immediate;
    unsigned char carry;
    __asm__ volatile("addl %2, %0; setc %1"
                     : "+m"(*immediate), "=r"(carry)
                     : "r"(0x70000001)
                     : "cc");
    check(code, (int)((unsigned)before + 0x70000001u), &sum);
    sum += carry;
    __asm__ volatile("lock incl %0" : "+m"(*immediate)::"cc");
    check(code, *immediate, &sum);
    __asm__ volatile("notl %0" : "+m"(*immediate));
    check(code, *immediate, &sum);
    int old = i;
    __asm__ volatile("xchgl %0, %1" : "+m"(*immediate), "+r"(old));
    sum += old;
    check(code, i, &sum);
    int expected = i, fresh = i * 3;
    unsigned char done;
    __asm__ volatile("lock cmpxchgl %3, %0; sete %1"
                     : "+m"(*immediate), "=q"(done), "+a"(expected)
                     : "r"(fresh)
                     : "cc");
    sum += done;
    check(code, i * 3, &sum);
    __asm__ volatile("lock cmpxchgl %3, %0; sete %1"
                     : "+m"(*immediate), "=q"(done), "+a"(expected)
                     : "r"(fresh + 1)
                     : "cc");
    sum += done * 2 + expected;
    int add = 5;
    __asm__ volatile("lock xaddl %1, %0" : "+m"(*immediate), "+r"(add)::"cc");
    check(code, *immediate, &sum);
    sum += add;
    __asm__ volatile("btsl $30, %0" : "+m"(*immediate)::"cc");
    check(code, *immediate, &sum);
    __asm__ volatile("shll $1, %0" : "+m"(*immediate)::"cc");
    check(code, *immediate, &sum);
    *immediate = i;
  }
  return sum;
}

static long vectors_and_strings(unsigned char* code, int n) {
  long sum = 0;
  unsigned char image[64] __attribute__((aligned(64)));
  memset(image, 0x90, sizeof image);
  for (int i = 0; i < n; ++i) {
    write_function(image, i * 1001);
    __m128i value = _mm_load_si128((__m128i*)image);
    _mm_store_si128((__m128i*)code, value);
    check(code, i * 1001, &sum);
    write_function(image, i * 1003);
    _mm_storeu_si128((__m128i*)(code), _mm_load_si128((__m128i*)image));
    check(code, i * 1003, &sum);
    write_function(image, i * 1007);
    unsigned char* to = code;
    unsigned char* from = image;
    long count = kFunctionSize;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    EXPECT(to == code + kFunctionSize && from == image + kFunctionSize && count == 0);
    check(code, i * 1007, &sum);
    to = code + 1;
    count = 4;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(i) : "memory");
    check(code, (int)((unsigned)(i & 255) * 0x01010101u), &sum);
    to = code + 1;
    __asm__ volatile("stosl" : "+D"(to) : "a"(i * 9) : "memory");
    check(code, i * 9, &sum);
    write_function(image, i * 1009);
    memcpy(code, image, 64);
    check(code, i * 1009, &sum);
  }
  return sum;
}

static long stack_stores(unsigned char* code, int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) {
    unsigned long image = 0xc30000000000ul | (unsigned long)(unsigned)(i * 11) << 8 | 0xb8;
    void* top = code + 8;
    __asm__ volatile("xchg %%rsp, %0; push %1; xchg %%rsp, %0" : "+r"(top) : "r"(image) : "memory");
    check(code, i * 11, &sum);
  }
  return sum;
}

static long segment_stores(unsigned char* code, int n) {
  long sum = 0;
  unsigned long self;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(self));
  const unsigned long offset = (unsigned long)code + 1 - self;
  for (int i = 0; i < n; ++i) {
    __asm__ volatile("movl %1, %%fs:(%0)" ::"r"(offset), "r"(i * 19) : "memory");
    check(code, i * 19, &sum);
    __asm__ volatile("lock addl $7, %%fs:(%0)" ::"r"(offset) : "memory", "cc");
    check(code, i * 19 + 7, &sum);
  }
  return sum;
}

static long body(int number, void* shared) {
  unsigned char* code = map_rwx(1) + 512;
  write_function(code, 0);
  int n = 40 + number;
  long sum = plain_stores(code, n) ^ read_modify_write(code, n) ^ vectors_and_strings(code, n) ^
             stack_stores(code, n) ^ segment_stores(code, n);
  // The same on a page that all use, each with a line of its own.
  unsigned char* mine = (unsigned char*)shared + 64 * (number + 1);
  write_function(mine, 0);
  sum ^= plain_stores(mine, n) + read_modify_write(mine, n) + vectors_and_strings(mine, n) +
         stack_stores(mine, n) + segment_stores(mine, n);
  return sum;
}

int main(void) {
  alone_and_together("stores", body, map_rwx(1));
  return app_status();
}
