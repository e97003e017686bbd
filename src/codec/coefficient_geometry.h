#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "codec/coefficient_coder.h"

namespace cleave::codec {

/// Places of a coefficient's neighbours within a plane. A neighbour that is not there is at the
/// place behind the plane's last, where a zero lies.
struct CoefficientSite {
  int at = 0;
  /// The same frequency in the blocks around: left, above, above left, above right.
  std::array<int, 4> blocks{};
  /// In the same block one and two frequencies lower, across, down and both; without blocks the
  /// pixels two to the left and two above.
  std::array<int, 5> lower{};
  /// The same frequency in the blocks to the right and below, for planes that are already known.
  std::array<int, 2> later{};
  std::uint8_t band = 0;   ///< class of the frequency, below bands()
  std::uint8_t place = 0;  ///< the frequency itself, below kPlaces, high ones together
};

inline constexpr int kPlaces = 64;

/// The sites of a plane in coding order: block after block, low frequencies first. Immutable.
class CoefficientGeometry {
 public:
  explicit CoefficientGeometry(const CoefficientLayout& layout);

  /// Calls `visit(site)` for every site in its order. Those of small planes are kept, others made
  /// anew, so that memory stays small.
  template <class Visit>
  void for_each_site(Visit visit) const {
    if (!kept_.empty()) {
      for (const CoefficientSite& site : kept_) visit(site);
      return;
    }
    for (int by = 0; by < rows_.blocks(); ++by)
      for (int bx = 0; bx < columns_.blocks(); ++bx)
        for (int u = 0; u < rows_.size(by); ++u)
          for (int v = 0; v < columns_.size(bx); ++v)
            visit(make_site(rows_.start(by) + u, columns_.start(bx) + v));
  }

  /// 1 where blocks are single pixels.
  static int bands(int block) { return block == 1 ? 1 : 6; }

 private:
  CoefficientSite make_site(int row, int column) const;

  BlockAxis rows_;
  BlockAxis columns_;
  std::vector<CoefficientSite> kept_;
};

}  // namespace cleave::codec
