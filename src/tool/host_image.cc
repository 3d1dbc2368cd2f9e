// Code images, as far as the tools have to do with them.
#include <fmt/format.h>

#include "base/log.h"
#include "cache/image_state.h"
#include "engine/engine.h"
#include "linux/kernel/private_file.h"
#include "tool/host.h"
#include "tool/running.h"

namespace weft::tool {
namespace {

/// Of the room for counters, what images may take for code that processes had before: counters of
/// blocks that are gone stay taken.
constexpr uint64_t kMostPart = 4;
/// Of each tool's state in the image.
constexpr size_t kAlignment = 8;

}  // namespace

std::string Host::image_version() const {
  std::string all;
  for (const Library& each : tools_) {
    const std::string version = each.tool->image_version(*each.options);
    const std::string content = version.empty() ? "" : linux::content_name(each.path);
    if (content.empty()) return {};
    all += fmt::format("{} {} {}\n", each.name, content, version);
  }
  return all;
}

std::optional<std::vector<uint8_t>> Host::image_state(const std::function<bool(AppPc)>& kept) {
  const uint64_t counters = next_counter_.load();
  const uint64_t most = words_.size() / sizeof(uint64_t) / kMostPart;
  // Versions are chosen by names of this process, and edited lists have data.
  if (cases_.size() != 0 || lists_.edits() || counters > most) return std::nullopt;
  engine::Thread* const thread =
      engine_->on_program_thread() ? &engine::Thread::current() : nullptr;
  cache::StateWriter out;
  out.put(start_counters_);
  out.put(counters);
  out.put(first_runs_.state());
  const std::function<bool(Address)> is_kept = [&kept](Address address) { return kept({address}); };
  for (const Library& each : tools_) {
    const Running running(thread, "image_state()", &each);
    std::vector<uint8_t> state = each.tool->image_state(*this, is_kept);
    state.resize((state.size() + kAlignment - 1) / kAlignment * kAlignment);
    out.put_all(state);
  }
  return out.take();
}

void Host::go_on_with_image(engine::Thread& thread) {
  start_counters_ = next_counter_.load();
  if (image_.empty()) return;
  cache::StateReader in(image_);
  const auto start_counters = in.get<uint64_t>();
  const auto counters = in.get<uint64_t>();
  const auto first_runs = in.get<uint64_t>();
  if (start_counters != start_counters_ || cases_.size() != 0 || lists_.edits()) {
    // Not what the version promised.
    WEFT_LOG(kInfo, "the tools started otherwise than those of the image");
    engine_->deletions().delete_all();
    image_.clear();
    return;
  }
  next_counter_ = counters;
  first_runs_.resume(first_runs);
  for (const Library& each : tools_) {
    const std::span<const uint8_t> state = in.get_bytes();
    const Running running(&thread, "resume_image()", &each);
    each.tool->resume_image(*this, state);
  }
}

}  // namespace weft::tool
