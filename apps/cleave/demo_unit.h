#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/clock.h"
#include "bundle/bundle.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"

namespace cleave::app {

/// A trained unit of the demo: the default cut of a bundle of its own.
class DemoUnit {
 public:
  /// Measures what the bundle's halves cost, next to those of `model` without the unit, on the
  /// samples. Errors: those of search::unit_costs(); kCorrupt where the bundle's code does not
  /// belong to a value of the model.
  static Result<DemoUnit> create(const std::filesystem::path& folder, const graph::Model& model,
                                 engine::Engine& engine, const plan::Problem& problem,
                                 std::span<const std::vector<Tensor>> samples, Clock& clock);

  const bundle::Bundle& bundle() const { return bundle_; }
  const bundle::CutEntry& cut() const { return bundle_.default_cut(); }
  /// Layers of the model before the unit.
  std::size_t layers() const { return layers_; }
  /// What the unit is predicted to cost over the problem's link.
  plan::Candidate predict(plan::Problem problem) const;

 private:
  DemoUnit(bundle::Bundle bundle, std::size_t layers, const bundle::CutCosts& costs)
      : bundle_(std::move(bundle)), layers_(layers), costs_(costs) {}
  bundle::Bundle bundle_;
  std::size_t layers_;
  bundle::CutCosts costs_;
};

}  // namespace cleave::app
