#pragma once

#include <functional>
#include <span>

#include "study/cut_trial.h"

namespace cleave::study {

/// How far answers are from the uncut network's: one number for a whole trial, 1 at a limit.
using Badness = std::function<double(std::span<const TrialResult>)>;

/// Mean KL divergence over `nats`.
Badness kl_at_most(double nats);
/// The mean squared error of a PSNR over that of `db`.
Badness psnr_at_least(double db);
/// Points of top-1 lost against the uncut network's on the same samples, over `share`.
Badness top1_loss_at_most(double share);
/// Share of samples whose highest class is not the uncut network's, over `share`.
Badness disagreement_at_most(double share);

}  // namespace cleave::study
