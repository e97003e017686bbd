#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "reproduce/figure.h"
#include "reproduce/report.h"

// Figure 3 of "Shared Mobile-Cloud Inference for Collaborative Intelligence" (Ulhaq and Bajić), and
// what its section 2 says of normal values.

namespace cleave::reproduce {

/// How numbers are spread. Moments are the population's.
struct Spread {
  double mean = 0;
  double deviation = 0;
  double skewness = 0;         ///< 0 of a normal variable, and of a constant
  double excess_kurtosis = 0;  ///< the same
  double within_3_sigma_percent = 0;
  double within_2_percent = 0;  ///< in [-2, 2], as figure 3's caption has it
  double zeros_percent = 0;
};

/// Of one or more finite numbers.
Spread spread_of(std::span<const float> values);

struct SpreadRow {
  std::string network;
  std::string place;
  Spread spread;
};

struct ValueStudy {
  Figure figure;  ///< 3: histograms, µ ± 3σ marked, beside the normal curve of the same µ and σ
  std::vector<SpreadRow> rows;
};
/// Runs the trained networks of a data folder on its photos. Errors: kNotFound where they are not
/// there; of loading and running.
Result<ValueStudy> study_values(const std::filesystem::path& data, engine::Engine& engine);

std::string spreads_csv(const std::vector<SpreadRow>& rows);
std::vector<Claim> spread_claims(const std::vector<SpreadRow>& rows);

}  // namespace cleave::reproduce
