#include "study/batch_problem.h"

#include "study/problem.h"

namespace cleave::study {
namespace {

void multiply(plan::CodecCost& cost, double batch) {
  cost.payload_bytes *= batch;
  cost.encode_ms *= batch;
  cost.decode_ms *= batch;
}

}  // namespace

Result<plan::Problem> batch_problem(const plan::Problem& one, const graph::Model& batched,
                                    profile::Profile device, profile::Profile cloud, int batch) {
  CLEAVE_CHECK(check_are_of(device, cloud, batched));
  plan::Problem problem = one;
  problem.device = std::move(device);
  problem.cloud = std::move(cloud);
  for (auto& cost : problem.codec)
    if (cost) multiply(*cost, batch);
  for (auto& [name, cost] : problem.value_codec) multiply(cost, batch);
  problem.answer_bytes *= batch;
  return problem;
}

}  // namespace cleave::study
