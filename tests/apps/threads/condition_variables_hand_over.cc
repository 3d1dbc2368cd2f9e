// Producers and consumers with condition variables, timed waits, once, and barriers.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "app.h"
int main() {
  std::mutex mutex;
  std::condition_variable changed;
  std::queue<int> queue;
  bool done = false;
  std::atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (;;) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return done || !queue.empty(); });
        if (queue.empty()) return;
        sum += queue.front();
        queue.pop();
      }
    });
  for (int i = 0; i < 20000; ++i) {
    {
      std::lock_guard lock(mutex);
      queue.push(i);
    }
    changed.notify_one();
  }
  {
    std::lock_guard lock(mutex);
    done = true;
  }
  changed.notify_all();
  for (auto& t : threads) t.join();
  printf("%ld\n", sum.load());
  std::unique_lock lock(mutex);
  printf("timed out %d\n",
         changed.wait_for(lock, std::chrono::milliseconds(10)) == std::cv_status::timeout);
  lock.unlock();
  std::once_flag once;
  std::atomic<int> calls{0};
  threads.clear();
  for (int t = 0; t < 8; ++t) threads.emplace_back([&] { std::call_once(once, [&] { ++calls; }); });
  for (auto& t : threads) t.join();
  printf("once %d\n", calls.load());
}
