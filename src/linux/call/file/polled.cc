#include "linux/call/file/polled.h"

#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include "base/runtime_fs.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// No process has so high a number.
constexpr int kNobodys = INT_MAX;

/// Whether one of the `count` elements at `address` names a kept one.
bool polls_kept(uint64_t address, uint64_t count, const Descriptors& descriptors) {
  constexpr uint64_t kPiece = 32;
  std::array<pollfd, kPiece> piece;
  for (uint64_t done = 0; done < count;) {
    const uint64_t size = std::min(kPiece, count - done);
    if (!read_program(piece.data(), address + done * sizeof(pollfd), size * sizeof(pollfd))) {
      return false;
    }
    const auto is_kept = [&](const pollfd& each) {
      return each.fd >= 0 && descriptors.is_kept(static_cast<uint64_t>(each.fd));
    };
    if (std::any_of(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size), is_kept)) {
      return true;
    }
    done += size;
  }
  return false;
}

/// The kernel polls a copy, in which the kept ones are nobody's.
std::optional<int64_t> poll(const SyscallArguments& call, const Descriptors& descriptors,
                            PassOn pass_on) {
  const auto count = static_cast<uint32_t>(call.a[1]);
  if (!polls_kept(call.a[0], count, descriptors)) return std::nullopt;
  need_runtime_fs();
  std::vector<pollfd> copy(count);
  if (!read_program(copy.data(), call.a[0], count * sizeof(pollfd))) return std::nullopt;
  for (pollfd& each : copy) {
    if (each.fd >= 0 && descriptors.is_kept(static_cast<uint64_t>(each.fd))) each.fd = kNobodys;
  }
  SyscallArguments changed = call;
  changed.a[0] = word(copy.data());
  const int64_t result = pass_on(changed);
  if (failed(result) && result != -EINTR) return result;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t place = call.a[0] + i * sizeof(pollfd) + offsetof(pollfd, revents);
    if (!write_program(place, copy[i].revents)) return -EFAULT;
  }
  return result;
}

/// Whether one of the three sets has a kept one.
bool selects_kept(const SyscallArguments& call, const Descriptors& descriptors) {
  constexpr uint64_t kBits = 64;
  const int count = static_cast<int>(call.a[0]);
  for (int fd = descriptors.lowest(); fd < count; ++fd) {
    const auto number = static_cast<uint64_t>(fd);
    if (!descriptors.is_kept(number)) continue;
    for (const uint64_t set : {call.a[1], call.a[2], call.a[3]}) {
      uint64_t bits = 0;
      const bool has = set != 0 && read_program(&bits, set + number / kBits * sizeof bits);
      if (has && (bits >> number % kBits & 1) != 0) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<int64_t> answer_polling(const SyscallArguments& call, const Descriptors& descriptors,
                                      PassOn pass_on) {
  switch (call.number) {
    case __NR_poll:
    case __NR_ppoll:
      return poll(call, descriptors, pass_on);
    case __NR_select:
    case __NR_pselect6:
      if (selects_kept(call, descriptors)) return -EBADF;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace weft::linux
