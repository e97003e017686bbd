#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "engine/engine.h"

namespace cleave::engine {

/// A session whose every run takes a known time of a clock that stands still otherwise.
class TickingSession final : public Session {
 public:
  TickingSession(std::unique_ptr<Session> session, double run_ms, ManualClock& clock)
      : session_(std::move(session)), run_ms_(run_ms), clock_(clock) {}

  const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    clock_.advance(from_ms(run_ms_));
    return session_->run(inputs);
  }
  Result<std::unique_ptr<Session>> fork() const override {
    std::unique_ptr<Session> other = CLEAVE_TRY(session_->fork());
    return std::make_unique<TickingSession>(std::move(other), run_ms_, clock_);
  }
  int parallel_sessions() const override { return session_->parallel_sessions(); }

 private:
  std::unique_ptr<Session> session_;
  double run_ms_;
  ManualClock& clock_;
};

}  // namespace cleave::engine
