#include "codec/coefficient_geometry.h"

#include <algorithm>

namespace cleave::codec {
namespace {

std::uint8_t band_of(int u, int v) {
  constexpr std::array<std::uint8_t, 8> kBands{0, 1, 2, 3, 3, 4, 4, 5};
  return kBands[std::min(u + v, 7)];
}

/// One axis of a position: its place, and those of its neighbours along it, -1 where there is none.
struct Step {
  int here = 0;
  int before = -1;
  int behind = -1;
  int lower = -1;   ///< one frequency lower; without blocks two pixels before
  int lowest = -1;  ///< two frequencies lower
};

Step step_of(const BlockAxis& axis, int at) {
  Step step{at, axis.before(at), axis.behind(at)};
  const int offset = axis.offset(at);
  if (offset > 0) step.lower = at - 1;
  if (offset > 1) step.lowest = at - 2;
  const bool single = axis.size(0) == 1;
  if (single && step.before >= 0) step.lower = axis.before(step.before);
  return step;
}

/// Planes of up to so many coefficients have their sites kept: 1 MB of them.
constexpr std::int64_t kMostKept = 1 << 14;

}  // namespace

CoefficientGeometry::CoefficientGeometry(const CoefficientLayout& layout)
    : rows_(layout.height, layout.block), columns_(layout.width, layout.block) {
  if (std::int64_t{layout.height} * layout.width > kMostKept) return;
  std::vector<CoefficientSite> sites;
  for_each_site([&](const CoefficientSite& site) { sites.push_back(site); });
  kept_ = std::move(sites);
}

CoefficientSite CoefficientGeometry::make_site(int row, int column) const {
  const Step y = step_of(rows_, row);
  const Step x = step_of(columns_, column);
  const auto place = [&](int at_row, int at_column) {
    const int width = columns_.length();
    return at_row < 0 || at_column < 0 ? rows_.length() * width : at_row * width + at_column;
  };
  CoefficientSite site;
  site.at = place(row, column);
  site.blocks = {place(y.here, x.before), place(y.before, x.here), place(y.before, x.before),
                 place(y.before, x.behind)};
  site.lower = {place(y.here, x.lower), place(y.lower, x.here), place(y.lower, x.lower),
                place(y.here, x.lowest), place(y.lowest, x.here)};
  site.later = {place(y.here, x.behind), place(y.behind, x.here)};
  const int u = rows_.offset(row);
  const int v = columns_.offset(column);
  site.band = band_of(u, v);
  site.place = static_cast<std::uint8_t>(std::min(u, 7) * 8 + std::min(v, 7));
  return site;
}

}  // namespace cleave::codec
