// Time and chance.
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <random>

#include "dr_api.h"

namespace {

/// From the beginning of 1601 to that of 1970, in microseconds.
constexpr uint64 kFirstYears = 11644473600ull * 1000000;
constexpr uint64 kThousand = 1000;

struct Random {
  Random() : seed(static_cast<uint>(dr_get_microseconds())), state(seed) {}
  std::atomic<uint> seed;
  std::atomic<uint64> state;
};

Random& random_numbers() {
  static Random numbers;
  return numbers;
}

}  // namespace

extern "C" {

uint64 dr_get_microseconds() {
  timeval now{};
  gettimeofday(&now, nullptr);
  return kFirstYears + static_cast<uint64>(now.tv_sec) * 1000000 + static_cast<uint64>(now.tv_usec);
}

uint64 dr_get_milliseconds() { return dr_get_microseconds() / kThousand; }

void dr_get_time(dr_time_t* time) {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  constexpr int kFirstYear = 1900;
  time->year = static_cast<uint>(parts.tm_year + kFirstYear);
  time->month = static_cast<uint>(parts.tm_mon + 1);
  time->day_of_week = static_cast<uint>(parts.tm_wday);
  time->day = static_cast<uint>(parts.tm_mday);
  time->hour = static_cast<uint>(parts.tm_hour);
  time->minute = static_cast<uint>(parts.tm_min);
  time->second = static_cast<uint>(parts.tm_sec);
  time->milliseconds = static_cast<uint>(now.tv_usec) / kThousand;
}

uint dr_get_random_value(uint max) {
  if (max == 0) return 0;
  // splitmix64
  uint64 value = random_numbers().state.fetch_add(0x9E3779B97F4A7C15u) + 0x9E3779B97F4A7C15u;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
  value = (value ^ value >> 27) * 0x94D049BB133111EBu;
  return static_cast<uint>((value ^ value >> 31) % max);
}

void dr_set_random_seed(uint seed) {
  random_numbers().seed = seed;
  random_numbers().state = seed;
}

uint dr_get_random_seed() { return random_numbers().seed; }

void dr_sleep(int time_ms) {
  if (time_ms <= 0) return;
  timespec left{time_ms / 1000, time_ms % 1000 * 1000000L};
  while (nanosleep(&left, &left) != 0) {
  }
}

}  // extern "C"
