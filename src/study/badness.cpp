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

Badness top1_loss_at_most(double share) {
  return [share](std::span<const TrialResult> results) {
    double lost = 0;
    for (const TrialResult& result : results)
      lost += (result.score.uncut_top1.value_or(false) ? 1 : 0) -
              (result.score.top1.value_or(false) ? 1 : 0);
    return std::max(0.0, lost / static_cast<double>(results.size())) / share;
  };
}

Badness disagreement_at_most(double share) {
  return [share](std::span<const TrialResult> results) {
    const auto agreement = summarize_trial(results).accuracy.agreement;
    return agreement ? (1 - agreement->value) / share : 0;
  };
}

}  // namespace cleave::study
