#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace cleave::train {

/// A network with a unit in it.
struct UnitNetwork {
  std::string onnx_bytes;
  std::string unit;           ///< the canonical spec
  std::string value;          ///< the one at the cut, that the reduction reads
  std::int64_t elements = 0;  ///< of that one
  std::string code;           ///< the value that crosses: what the reduction makes
  std::string restored;       ///< what the restoration makes of it, in the place of the cut's value
  std::vector<std::string> weights;  ///< the unit's own: names of initialisers
};

/// Puts a unit between the halves of a cut: a reduction behind the head, a restoration before the
/// tail. The unit is a spec string:
///
/// - butterfly:channels=C (thesis, section 3.2.1, figure 3.2): a 1×1 convolution to C channels and
///   one back, each with batch norm and ReLU.
/// - bottleneck:channels=C,stride=S,filter=F (thesis, section 4.2.1, figures 4.2 and 4.3): before
/// its
///   1×1 convolution to C channels an F×F convolution of stride S that keeps the channels, after
///   the one back an F×F transposed convolution of stride S. F is above S (equation 4.1: every
///   pixel is covered); by default the next odd number. `stride=1` leaves both out.
///
/// The thesis draws all norms and ReLUs alike. Where the cut's value does not come out of a ReLU,
/// `last=linear` leaves out the one that would cut off what is negative.
///
/// Its layers are named behind the cut's value: reduce_pixels, reduce_channels, restore_channels
/// and restore_pixels, each with its `_norm` and `_relu`. Weights are drawn from `seed` (He et al.
/// 2015); batch norms begin as identities. Errors: kInvalidArgument for an unknown unit or setting
/// and for a cut through more than one value or a value that is not one picture of floats
/// (1×C×H×W); kUnsupported for operator sets before 7.
Result<UnitNetwork> insert_unit(const graph::Model& model, const graph::Cut& cut,
                                std::string_view unit, std::uint64_t seed = 1);

}  // namespace cleave::train
