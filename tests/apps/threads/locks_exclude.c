// Mutexes of every kind, spin locks, reader-writer locks, semaphores and atomics under contention.
#include <pthread.h>
#include <semaphore.h>

#include "app.h"
#define N 20000
static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER,
                       recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
                       adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, inheriting;
static pthread_spinlock_t spin;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static long counters[8], atomic_counter;
static __int128 wide;
static void* work(void* arg) {
  for (int i = 0; i < N; ++i) {
    pthread_mutex_lock(&normal), ++counters[0], pthread_mutex_unlock(&normal);
    pthread_mutex_lock(&recursive), pthread_mutex_lock(&recursive), ++counters[1],
        pthread_mutex_unlock(&recursive), pthread_mutex_unlock(&recursive);
    pthread_mutex_lock(&adaptive), ++counters[2], pthread_mutex_unlock(&adaptive);
    if (i % 20 == 0)
      pthread_mutex_lock(&inheriting), ++counters[3], pthread_mutex_unlock(&inheriting);
    if (i % 10 == 0) pthread_spin_lock(&spin), ++counters[4], pthread_spin_unlock(&spin);
    if (i % 8 == 0)
      pthread_rwlock_wrlock(&rw), ++counters[5], pthread_rwlock_unlock(&rw);
    else
      pthread_rwlock_rdlock(&rw), pthread_rwlock_unlock(&rw);
    sem_wait(&semaphore), ++counters[6], sem_post(&semaphore);
    __atomic_add_fetch(&atomic_counter, 3, __ATOMIC_RELAXED);
  }
  return NULL;
}
int main(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&inheriting, &attributes);
  pthread_spin_init(&spin, 0), sem_init(&semaphore, 0, 1);
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < 7; ++i) printf("%ld ", counters[i]);
  printf("%ld\n", atomic_counter);
  return app_status();
}
