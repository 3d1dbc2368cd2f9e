#include "engine/stepper.h"

#include <utility>

#include "engine/trace_recorder.h"

namespace weft::engine {
namespace {

translate::Environment for_steps(const translate::Environment& environment) {
  translate::Environment steps = for_probes(environment);
  steps.single_instructions = true;
  return steps;
}

}  // namespace

Stepper::Stepper(const translate::Environment& environment, cache::CodeCache& cache,
                 translate::ProgramCode& code)
    : environment_(for_steps(environment)),
      cache_(cache),
      builder_(environment_, cache, code, nullptr) {}

Stepper::Result Stepper::prepare(AppPc pc) {
  using Error = cache::CodeCache::PublishError;
  // Whatever is checked at its entry is compared in a way that suits any flags.
  builder_.use_aligned_checks(true);
  if (!builder_.build(pc, translate::Arrival::kDirect)) return Result::kNoCode;
  const auto published = cache_.publish(builder_.draft().spec(cache::FragmentKind::kProbe));
  if (published.error == Error::kFull) return Result::kFull;
  if (published.error != Error::kNone) return Result::kAgain;
  step_ = published.fragment;
  entry_ = published.entry;
  return Result::kReady;
}

void Stepper::leave() {
  if (step_ != nullptr) cache_.discard(*std::exchange(step_, nullptr));
}

}  // namespace weft::engine
