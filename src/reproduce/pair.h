#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"

namespace cleave::reproduce {

/// A network of thesis table 2.2 for inputs of a batch.
struct Network {
  std::string_view title;  ///< the thesis's name
  int batch = 1;
  graph::Model model;
};

/// The thesis's names and the zoo's, in the order of table 2.2.
struct Benchmark {
  std::string_view title;
  std::string_view zoo_name;
};
std::span<const Benchmark> benchmarks();

/// A benchmark, as the zoo wrote it, for a batch, which multiplies the first dimension of every
/// input: pictures, or seconds of speech one after another.
Result<Network> make_network(const Benchmark& benchmark, const std::string& onnx_bytes, int batch,
                             engine::Engine& engine);
/// With seeded weights.
Result<std::string> build(const Benchmark& benchmark);

/// What a network costs on both sides.
struct Costs {
  profile::Profile device;
  profile::Profile cloud;
};

/// A device and its server.
struct Pair {
  std::string name;         ///< one word
  std::string description;  ///< for people, with what is modelled or emulated
  std::vector<int> batches;
  std::function<Result<Costs>(const Network&)> costs;
};

/// The thesis's own machines (2.3.2), modelled: gpu.h says how.
Result<Pair> modelled_pair(engine::Engine& engine, std::vector<int> batches);

/// The machines of chapters 3 and 4. The device takes as long as the thesis says (gpu.h), each
/// layer its share of that by the device's peaks; 16-bit floats double both peaks, which leaves the
/// shares as they are. The server is so many times faster in everything. kInvalidArgument for
/// networks other than kResNet50 and kVgg19.
inline constexpr Benchmark kResNet50{"ResNet-50", "resnet50"};
inline constexpr Benchmark kVgg19{"VGG-19", "vgg19"};
Pair tensorrt_pair();

/// How much slower than one thread of this machine the measured pair's device is.
inline constexpr double kSlowdown = 8;

/// This machine: one thread, its times multiplied by kSlowdown, against all threads. `budget_s` is
/// for each network, batch and side; what does not fit it is interpolated.
Pair measured_pair(engine::Engine& engine, std::vector<int> batches, double budget_s, Clock& clock);

/// The same of the heads on the device and the tails in the cloud at some cuts alone, so that none
/// of them is interpolated. A cut that does not fit the budget has no costs.
using CutsOf = std::function<std::vector<std::size_t>(const Network&)>;
Pair measured_pair_at(CutsOf cuts_of, engine::Engine& engine, double budget_s, Clock& clock);

/// The planner's problem in the thesis's conditions: every value, weights too, crosses in 8 bits
/// (figure 2.12's sizes are of 8 bits), `compression` times smaller; nothing but bytes takes time
/// on the link, no round trip, no headers, no coding; the device draws what table 3.5 says.
plan::Problem thesis_problem(const graph::Model& model, const Costs& costs, Link link,
                             double compression);

}  // namespace cleave::reproduce
