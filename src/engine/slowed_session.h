#pragma once

#include <memory>

#include "base/clock.h"
#include "engine/engine.h"

namespace cleave::engine {

/// Emulates a slower device: after work that took t it sleeps until factor · t has passed. It never
/// spins, so that the processor is as free meanwhile as it would be beside another machine.
/// Wherever a number made with it is printed, it is called emulated.
class Slowdown {
 public:
  /// `factor` of at least 1; 1 does nothing. The clock must outlive the object.
  Slowdown(double factor, Clock& clock) : factor_(factor), clock_(&clock) {}

  double factor() const { return factor_; }
  /// Sleeps for the share that work begun at `start` and done now lacks.
  void stretch(Nanos start) const;

 private:
  double factor_;
  Clock* clock_;
};

/// The session, with every run stretched. The factor covers run() alone.
std::unique_ptr<Session> make_slowed_session(std::unique_ptr<Session> session, Slowdown slowdown,
                                             Clock& clock);

}  // namespace cleave::engine
