// Two threads run the same code; one of them asks for its parent while the other waits.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_barrier_t turn;

static unsigned long work(unsigned long rounds) {
  unsigned long sum = 1;
  for (unsigned long i = 1; i < rounds; ++i) {
    switch (sum % 6) {
      case 0: sum += i; break;
      case 1: sum ^= i * 3; break;
      case 2: sum = sum * 5 + 1; break;
      case 3: sum -= i >> 1; break;
      case 4: sum = ~sum; break;
      default: sum += sum >> 7; break;
    }
  }
  return sum;
}

static void* other(void* result) {
  *(unsigned long*)result = work(10000);
  pthread_barrier_wait(&turn);
  pthread_barrier_wait(&turn);
  *(unsigned long*)result += work(10000);
  return NULL;
}

int main(void) {
  pthread_t thread;
  unsigned long theirs = 0;
  pthread_barrier_init(&turn, NULL, 2);
  unsigned long mine = work(10000);
  pthread_create(&thread, NULL, other, &theirs);
  pthread_barrier_wait(&turn);
  getppid();
  pthread_barrier_wait(&turn);
  pthread_join(thread, NULL);
  mine += work(10000);
  puts(mine == theirs ? "same" : "different");
  return mine != theirs;
}
