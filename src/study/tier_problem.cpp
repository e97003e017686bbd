#include "study/tier_problem.h"

#include "profile/group_costs.h"
#include "study/network_problem.h"

namespace cleave::study {
namespace {

using plan::Transfer;

class Builder {
 public:
  Builder(const graph::Model& model, const plan::Problem& problem, const std::vector<Tier>& tiers)
      : model_(model), problem_(problem), tiers_(tiers) {}

  plan::TierProblem build() const {
    plan::TierProblem p;
    p.layers = static_cast<int>(model_.layers().size());
    const std::vector<int> boundaries = choose_boundaries(model_);
    for (std::size_t t = 0; t <= tiers_.size(); ++t) {
      const double watt = t == 0 ? problem_.energy.compute_mw / 1000 : 0;
      p.tiers.push_back(groups_of(profile(t), boundaries, watt));
    }
    const auto n = static_cast<std::size_t>(p.layers);
    p.send.resize(p.tiers.size());
    for (std::size_t from = 0; from < p.send.size(); ++from) {
      p.send[from].assign(p.tiers.size(), std::vector<std::optional<Transfer>>(n + 1));
      for (std::size_t to = 0; to < p.send.size(); ++to)
        for (const int k : boundaries)
          p.send[from][to][static_cast<std::size_t>(k)] = send(from, to, k);
    }
    return p;
  }

 private:
  const profile::Profile& profile(std::size_t tier) const {
    return tier == 0 ? problem_.device : tiers_[tier - 1].profile;
  }

  std::optional<Transfer> send(std::size_t from, std::size_t to, int boundary) const {
    if (to > from) return outward(from, to, boundary);
    const auto bytes = plain_bytes(boundary);
    if (!bytes) return std::nullopt;
    Transfer sum;
    for (std::size_t hop = to; hop < from; ++hop) {
      const Link& link = tiers_[hop].link;
      const double sent = *bytes + problem_.answer_overhead_bytes;
      sum.cost.ms += link.down_ms(sent) + (link.rtt_ms + problem_.request_ms) / 2;
      if (hop == 0) sum.cost.mj += plan::radio_energy_mj(link, 0, sent) + link.radio.tail_mj();
      sum.bytes += sent;
    }
    return sum;
  }

  std::optional<Transfer> outward(std::size_t from, std::size_t to, int boundary) const {
    const auto& codec = problem_.codec[static_cast<std::size_t>(boundary)];
    if (!codec || boundary == static_cast<int>(model_.layers().size())) return std::nullopt;
    const double encode_ms = codec->encode_ms * profile(from).slowdown;
    Transfer sum{{encode_ms + codec->decode_ms * profile(to).slowdown, 0}, 0};
    for (std::size_t hop = from; hop < to; ++hop) {
      const Link& link = tiers_[hop].link;
      const double sent = codec->payload_bytes + problem_.request_overhead_bytes;
      sum.cost.ms += link.up_ms(sent) + (link.rtt_ms + problem_.request_ms) / 2;
      if (hop == 0) {
        sum.cost.mj += plan::compute_energy_mj(problem_.energy, encode_ms) +
                       plan::radio_energy_mj(link, sent, 0);
      }
      sum.bytes += sent;
    }
    return sum;
  }

  std::optional<double> plain_bytes(int boundary) const {
    if (boundary == static_cast<int>(model_.layers().size())) return problem_.answer_bytes;
    for (const graph::Cut& cut : model_.cuts())
      if (cut.index == boundary && cut.bytes) return static_cast<double>(*cut.bytes);
    return std::nullopt;
  }

  const graph::Model& model_;
  const plan::Problem& problem_;
  const std::vector<Tier>& tiers_;
};

}  // namespace

Result<plan::TierProblem> tier_problem(const graph::Model& model, const plan::Problem& problem,
                                       const std::vector<Tier>& tiers, plan::Objective objective) {
  for (const Tier& tier : tiers) {
    if (tier.profile.model_sha256 == problem.device.model_sha256) continue;
    return fail(ErrorCode::kInvalidArgument, "study.tiers",
                "the profile of tier '" + tier.name + "' is of '" + tier.profile.model_name +
                    "', expected '" + problem.device.model_name + "' as the device's");
  }
  plan::TierProblem built = Builder(model, problem, tiers).build();
  built.objective = objective;
  return built;
}

}  // namespace cleave::study
