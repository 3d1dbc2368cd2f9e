#include "linux/memory/shadow_reservations.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linux/kernel/raw_syscall.h"
#include "linux/memory/layout.h"
#include "linux/memory/reserve.h"

namespace weft::linux {
namespace {

constexpr uint64_t kChunk = ShadowedCode::kChunk;

/// The chunks that hold `code`, as far as they can have shadow at all.
AppRange chunks_of(AppRange code) {
  const uint64_t end = std::min(code.end.value, ShadowedCode::kEnd);
  const uint64_t start = std::min(code.start.value, end) / kChunk * kChunk;
  return {{start}, {(end + kChunk - 1) / kChunk * kChunk}};
}

AppRange shadow_of(AppRange chunks) {
  return shadow_range({{std::max(chunks.start.value, ShadowedCode::kBegin)}, chunks.end});
}

}  // namespace

Status ShadowReservations::reserve_near() {
  const AppRange near = chunks_of(kWindowZones.near);
  const int64_t answer = reserve_memory(shadow_of(near));
  if (failed(answer)) {
    return Error{std::string("no address space for the shadow map: ") +
                     std::strerror(static_cast<int>(-answer)),
                 static_cast<int>(-answer)};
  }
  shadowed_.add(near);
  return Unit{};
}

bool ShadowReservations::take(AppRange chunks, std::vector<AppRange>& reserved) {
  const AppRange shadow = shadow_of(chunks);
  if (failed(reserve_memory(shadow))) return false;
  shadowed_.add(chunks);
  reserved.push_back(shadow);
  return true;
}

void ShadowReservations::reserve(AppRange code, std::vector<AppRange>& reserved) {
  constexpr uint64_t kMostSingly = 1024 * kChunk;
  const AppRange chunks = chunks_of(code);
  const Locked held(lock_);
  AppPc at = chunks.start;
  while (at < chunks.end) {
    AppRange run{at, at};
    while (run.end < chunks.end && !shadowed_.is_decided(run.end)) run.end = run.end + kChunk;
    at = run.empty() ? at + kChunk : run.end;
    if (run.empty() || take(run, reserved)) continue;
    for (AppPc each = run.start; each < run.end; each = each + kChunk) {
      const AppRange chunk{each, each + kChunk};
      if (run.size() > kMostSingly || !take(chunk, reserved)) shadowed_.refuse(chunk);
    }
  }
}

bool ShadowReservations::has(AppRange code) const {
  return code.end.value <= ShadowedCode::kEnd && !lacks(code);
}

bool ShadowReservations::lacks(AppRange code) const {
  if (code.start.value < ShadowedCode::kBegin) return true;
  const AppRange chunks = chunks_of(code);
  for (AppPc at = chunks.start; at < chunks.end; at = at + kChunk) {
    if (!shadowed_.contains({at.value | ShadowedCode::kBegin})) return true;
  }
  return false;
}

}  // namespace weft::linux
