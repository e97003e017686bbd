#pragma once

#include "reproduce/figure.h"
#include "reproduce/plans.h"
#include "reproduce/report.h"

namespace cleave::reproduce {

/// The input and the layers of a network and what each hands on for one input, in bytes of 8 bits a
/// value.
struct LayerSizes {
  std::string network;
  std::vector<std::string> names;
  std::vector<double> bytes;
};

/// Figures 2.8 to 2.12 out of the plans of one pair.
std::vector<Figure> plan_figures(const Pair& pair, const std::vector<PlanRow>& rows,
                                 const std::vector<LayerSizes>& sizes);
/// Figure 2.2: typical sizes of layers.
Figure size_figure(const std::vector<LayerSizes>& sizes);

/// What the thesis's text says beside what the plans do.
std::vector<Claim> plan_claims(const std::vector<PlanRow>& rows);

}  // namespace cleave::reproduce
