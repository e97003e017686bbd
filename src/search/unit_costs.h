#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "bundle/manifest.h"
#include "codec/calibrated_value.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"

namespace cleave::search {

/// The halves of a network with a unit, and what crosses between them.
struct UnitHalves {
  std::string head;  ///< ONNX
  std::string tail;
  codec::CalibratedValue code;
};

/// What the halves with a unit cost where those of the network without are known: the profiles'
/// costs of `cut`, times what the halves with the unit take here over what those without take here,
/// on as many threads as in the profiles. So nothing has to be profiled on the device for each
/// unit; where the profile is of another processor, it is an estimate. The codec is measured on the
/// samples, full sets of inputs, all of which the head takes. Errors: kInvalidArgument where the
/// profiles know nothing of the cut or the head does not make the code.
Result<bundle::CutCosts> unit_costs(const graph::Model& model, const graph::Cut& cut,
                                    const UnitHalves& halves, const plan::Problem& problem,
                                    const std::vector<std::vector<Tensor>>& samples,
                                    engine::Engine& engine, Clock& clock);

}  // namespace cleave::search
