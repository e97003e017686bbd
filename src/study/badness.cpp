#include "study/badness.h"

#include <algorithm>
#include <cmath>

namespace cleave::study {

Badness kl_at_most(double nats) {
  return [nats](std::span<const TrialResult> results) {
    const auto kl = summarize_trial(results).accuracy.kl_nats;
    return kl ? kl->value / nats : 0;
  };
}

Badness psnr_at_least(double db) {
  return [db](std::span<const TrialResult> results) {
    const auto psnr = summarize_trial(results).accuracy.psnr_db;
    return psnr ? std::pow(10, (db - psnr->value) / 10) : 0;
  };
}

Badness top1_loss_at_most(double share, double uncut) {
  return [share, uncut](std::span<const TrialResult> results) {
    const auto top1 = summarize_trial(results).accuracy.top1;
    return top1 ? std::max(0.0, uncut - top1->value) / share : 0;
  };
}

Badness disagreement_at_most(double share) {
  return [share](std::span<const TrialResult> results) {
    const auto agreement = summarize_trial(results).accuracy.agreement;
    return agreement ? (1 - agreement->value) / share : 0;
  };
}

}  // namespace cleave::study
