#include "trace/switching.h"

#include "trace/probes.h"

namespace weft::tools::trace {

void Returns::start(Process& process, Run run) {
  process_ = &process;
  run_ = std::move(run);
}

void Returns::wrap(Place& place) {
  place.wrap = process_->functions().wrap(
      place.function, {}, [this, &place](FunctionCall& call) { run_(place.site, call); });
}

void Returns::add(const CodeSites::Returned& returned) {
  const std::lock_guard held(mutex_);
  Place& place = places_.emplace_back(Place{returned.function, returned.site, Wrap()});
  if (Probes::is_on(*place.site.probe)) wrap(place);
}

size_t Returns::set(const Probe& probe, bool on) {
  size_t count = 0;
  const std::lock_guard held(mutex_);
  for (Place& place : places_) {
    if (place.site.probe != &probe) continue;
    ++count;
    if (on) {
      wrap(place);
    } else {
      process_->functions().remove(place.wrap);
    }
  }
  return count;
}

Switched apply(Process& process, const CodeSites& sites, Returns& returns,
               std::span<const Probe* const> changed) {
  Switched done;
  bool concerns_all = false;
  for (const Probe* probe : changed) {
    switch (probe->kind) {
      case Probe::Kind::kBlock:
      case Probe::Kind::kInstruction:
      case Probe::Kind::kLoad:
      case Probe::Kind::kStore:
        concerns_all = true;
        break;
      case Probe::Kind::kReturn:
        done.places += returns.set(*probe, Probes::is_on(*probe));
        break;
      default:
        for (const Address at : sites.places_of(*probe)) {
          ++done.places;
          done.fragments += process.code().delete_region({at, at + 1});
        }
    }
  }
  if (concerns_all) done.fragments += process.code().delete_all();
  return done;
}

}  // namespace weft::tools::trace
