#pragma once

#include <optional>
#include <span>
#include <vector>

namespace cleave::study {

/// One setting of a codec: what it sends, and how good what comes of it is. Of qualities it is only
/// asked that more is better.
struct RatePoint {
  double bytes = 0;
  double quality = 0;
};

/// Those points, by rising bytes, that no other beats or equals in both. Points without finite
/// bytes above 0 and finite quality are left out.
std::vector<RatePoint> rate_front(std::span<const RatePoint> points);

/// How many bytes more `tested` sends than `reference` at equal quality, as a share: -0.5 for half.
/// G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves", VCEG-M33, 2001,
/// with monotone cubics (Fritsch and Carlson, 1980) through the logarithms of the bytes in place of
/// one polynomial: the mean of their difference over the qualities that both fronts reach, as a
/// factor. Fronts that share a single quality are compared there. Nothing where they share none.
std::optional<double> bd_rate(std::span<const RatePoint> reference,
                              std::span<const RatePoint> tested);

}  // namespace cleave::study
