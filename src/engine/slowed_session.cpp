#include "engine/slowed_session.h"

namespace cleave::engine {
namespace {

class SlowedSession final : public Session {
 public:
  SlowedSession(std::unique_ptr<Session> session, Slowdown slowdown, Clock& clock)
      : session_(std::move(session)), slowdown_(slowdown), clock_(&clock) {}

  const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    const Nanos start = clock_->now();
    Result<std::vector<Tensor>> outputs = session_->run(inputs);
    slowdown_.stretch(start);
    return outputs;
  }

  Result<std::unique_ptr<Session>> fork() const override {
    std::unique_ptr<Session> other = CLEAVE_TRY(session_->fork());
    return make_slowed_session(std::move(other), slowdown_, *clock_);
  }

  int parallel_sessions() const override { return session_->parallel_sessions(); }

 private:
  std::unique_ptr<Session> session_;
  Slowdown slowdown_;
  Clock* clock_;
};

}  // namespace

void Slowdown::stretch(Nanos start) const {
  if (factor_ <= 1) return;
  const Nanos worked = clock_->now() - start;
  clock_->sleep_until(
      start + Nanos(static_cast<std::int64_t>(static_cast<double>(worked.count()) * factor_)));
}

std::unique_ptr<Session> make_slowed_session(std::unique_ptr<Session> session, Slowdown slowdown,
                                             Clock& clock) {
  return std::make_unique<SlowedSession>(std::move(session), slowdown, clock);
}

}  // namespace cleave::engine
