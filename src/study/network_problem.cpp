#include "study/network_problem.h"

#include <algorithm>
#include <limits>
#include <map>

#include "plan/training.h"
#include "profile/group_costs.h"
#include "profile/group_memory.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.network";

using plan::NetworkProblem;
using plan::SentValue;
using plan::Transfer;

class Builder {
 public:
  Builder(const graph::Model& model, const plan::Problem& problem)
      : model_(model), problem_(problem), layers_(static_cast<int>(model.layers().size())) {}

  NetworkProblem build() const {
    NetworkProblem network;
    network.layers = layers_;
    network.whole_stretches = true;
    const std::vector<int> boundaries = choose_boundaries(model_);
    network.device = groups_of(problem_.device, boundaries, problem_.energy.compute_mw / 1000);
    network.cloud = groups_of(problem_.cloud, boundaries, 0);
    add_values(network);
    network.request_up = up({problem_.request_overhead_bytes, 0, 0}, plan::wait_ms(problem_));
    network.request_down = down(problem_.answer_overhead_bytes, plan::wait_ms(problem_));
    network.request_down.cost.mj += problem_.link.radio.tail_mj();
    return network;
  }

  void add_memory(NetworkProblem& network) const {
    set_memory(network.device, problem_.device);
    set_memory(network.cloud, problem_.cloud);
  }

  Result<NetworkProblem> train(const NetworkProblem& inference, const TrainingSpec& spec) const {
    plan::TrainingOptions options{spec.backward_over_forward, {}};
    for (const graph::Layer& layer : model_.layers())
      options.weights.push_back(down(plain(layer.parameter_bytes) * spec.updated, 0));
    return plan::training_problem(inference, options);
  }

 private:
  using Places = std::map<std::string, std::size_t>;  // in the problem's values

  Transfer up(const plan::CodecCost& cost, double wait_ms) const {
    return {{plan::sending_cost(problem_, cost, plan::Objective::kLatency) + wait_ms,
             plan::sending_cost(problem_, cost, plan::Objective::kEnergy)},
            cost.payload_bytes};
  }

  Transfer down(double bytes, double wait_ms) const {
    return {
        {problem_.link.down_ms(bytes) + wait_ms, plan::radio_energy_mj(problem_.link, 0, bytes)},
        bytes};
  }

  /// What so many bytes are on the wire, sent plain.
  double plain(std::int64_t bytes) const {
    return static_cast<double>(bytes) * problem_.plain_scale;
  }

  /// As cloud-only sends an input: the one as a picture where it is one, several plain.
  std::optional<Transfer> untouched(const TensorSpec& input) const {
    if (model_.inputs().size() == 1 && problem_.codec.front())
      return up(*problem_.codec.front(), 0);
    const auto bytes = input.byte_size();
    if (!bytes) return std::nullopt;
    return up({plain(*bytes), 0, 0}, 0);
  }

  void set_memory(std::vector<plan::Group>& groups, const profile::Profile& profile) const {
    if (!profile::knows_memory(profile)) return;
    const profile::GroupMemory memory(profile, model_);
    for (plan::Group& g : groups) g.memory_bytes = memory.of(g.first, g.last);
  }

  void add_values(NetworkProblem& network) const {
    Places places;
    for (const TensorSpec& input : model_.inputs()) add(network, places, input, 0);
    for (int i = 0; i < layers_; ++i)
      for (const TensorSpec& value : layer(i).outputs) add(network, places, value, i + 1);
    for (int i = 0; i < layers_; ++i)
      for (const TensorSpec& value : layer(i).inputs) read(network, places, value.name, i + 1);
    for (const TensorSpec& output : model_.outputs())
      read(network, places, output.name, layers_ + 1);
  }

  const graph::Layer& layer(int i) const { return model_.layers()[static_cast<std::size_t>(i)]; }

  void add(NetworkProblem& network, Places& places, const TensorSpec& value, int made_by) const {
    if (!places.emplace(value.name, network.values.size()).second) return;
    SentValue sent{value.name, made_by, {}, std::nullopt, std::nullopt, std::nullopt};
    const auto coded = problem_.value_codec.find(value.name);
    if (coded != problem_.value_codec.end()) sent.upload = up(coded->second, 0);
    if (made_by == 0) sent.upload_untouched = untouched(value);
    if (const auto bytes = value.byte_size()) sent.download = down(plain(*bytes), 0);
    network.values.push_back(std::move(sent));
  }

  static void read(NetworkProblem& network, const Places& places, const std::string& name,
                   int reader) {
    const auto place = places.find(name);
    if (place == places.end()) return;
    std::vector<int>& readers = network.values[place->second].readers;
    if (readers.empty() || readers.back() != reader) readers.push_back(reader);
  }

  const graph::Model& model_;
  const plan::Problem& problem_;
  int layers_;
};

Result<void> check_memory(const plan::Problem& problem, const ScheduleRequest& request) {
  const auto check = [&](const std::optional<double>& limit, const profile::Profile& profile,
                         std::string_view side) -> Result<void> {
    if (!limit) return {};
    const std::string limited = "memory is limited on the " + std::string(side) + ", but ";
    if (request.training) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  limited + "what a training step takes is not known: expected no such limit");
    }
    if (profile::knows_memory(profile)) return {};
    return fail(ErrorCode::kInvalidArgument, kPlace,
                limited + "its profile does not say what groups take: profile it again");
  };
  CLEAVE_CHECK(check(request.limits.device_memory_bytes, problem.device, "device"));
  return check(request.limits.cloud_memory_bytes, problem.cloud, "cloud");
}

}  // namespace

std::vector<int> choose_boundaries(const graph::Model& model) {
  std::vector<const graph::Cut*> cuts;
  for (const graph::Cut& cut : model.cuts()) cuts.push_back(&cut);
  if (cuts.size() > kMaxBoundaries) {
    std::ranges::stable_sort(cuts, {}, [](const graph::Cut* cut) {
      return cut->bytes.value_or(std::numeric_limits<std::int64_t>::max());
    });
    cuts.resize(kMaxBoundaries);
  }
  std::vector<int> boundaries{0, static_cast<int>(model.layers().size())};
  for (const graph::Cut* cut : cuts) boundaries.push_back(cut->index);
  std::ranges::sort(boundaries);
  return boundaries;
}

std::vector<plan::Group> groups_of(const profile::Profile& profile,
                                   const std::vector<int>& boundaries, double watt) {
  const profile::GroupCosts costs(profile);
  std::vector<plan::Group> groups;
  for (std::size_t a = 0; a < boundaries.size(); ++a) {
    for (std::size_t b = a + 1; b < boundaries.size(); ++b) {
      const auto cost = costs.of(boundaries[a] + 1, boundaries[b]);
      if (!cost) continue;
      groups.push_back(
          {boundaries[a] + 1, boundaries[b], {cost->median_ms, cost->median_ms * watt}});
    }
  }
  return groups;
}

Result<NetworkProblem> network_problem(const graph::Model& model, const plan::Problem& problem,
                                       const ScheduleRequest& request) {
  CLEAVE_CHECK(check_memory(problem, request));
  const Builder builder(model, problem);
  NetworkProblem network = builder.build();
  if (request.training) {
    network = CLEAVE_TRY(builder.train(network, *request.training));
  } else {
    builder.add_memory(network);
  }
  network.limits = request.limits;
  network.objective = request.objective;
  return network;
}

}  // namespace cleave::study
