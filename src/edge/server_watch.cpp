#include "edge/server_watch.h"

namespace cleave::edge {

Result<void> measure_link(Remote& remote) {
  CLEAVE_CHECK(remote.measure_round_trip());
  return remote.measure_rate();
}

bool ServerWatch::is_up() {
  const std::lock_guard lock(mutex_);
  if (up_) return true;
  if (!question_.valid()) {
    if (clock_.now() < next_question_) return false;
    question_ = std::async(std::launch::async, [this] { return measure_link(remote_); });
    return false;
  }
  if (question_.wait_for(Nanos(0)) != std::future_status::ready) return false;
  const Result<void> answer = question_.get();
  next_question_ = clock_.now() + retry_every_;
  up_ = answer.has_value();
  if (!up_) reason_ = answer.error().to_string();
  return up_;
}

void ServerWatch::lose(const Error& error) {
  const std::lock_guard lock(mutex_);
  up_ = false;
  reason_ = error.to_string();
  next_question_ = clock_.now() + retry_every_;
}

std::string ServerWatch::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

}  // namespace cleave::edge
