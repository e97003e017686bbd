#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/network.h"
#include "cloud/sequences.h"
#include "wire/types.h"

namespace cleave::cloud {

/// Packets or pictures that one request may bring as a batch: it holds a worker until all are done.
inline constexpr std::int64_t kMaxBatch = 256;
/// Bytes of outputs that one request may ask for, over its whole batch.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 30;

/// How a request feeds a network, and what it wants of it.
struct Call {
  enum class Feed { kTensors, kPackets, kImages };
  Feed feed = Feed::kTensors;
  std::int64_t batch = 1;            ///< runs of the network; plain tensors are one
  std::optional<Sequence> sequence;  ///< whose next frame the packets are
  std::vector<std::size_t> outputs;  ///< positions among the network's, in the order of the answer
};

/// Reads what the request asks for. Cheap: no payload is touched.
/// Errors (kInvalidArgument) name what was found and what this network takes.
Result<Call> read_call(const Network& network, const wire::InferRequest& request);

/// The outputs of a call and where its time went, summed over the batch.
struct Answer {
  std::vector<wire::WireTensor> outputs;
  Nanos decode{0};   ///< from bytes to input tensors
  Nanos compute{0};  ///< in the engine
  Nanos encode{0};   ///< from output tensors to bytes
};

/// Runs a request that read_call() accepted, sample by sample; the answers of a batch are joined
/// along axis 0. `session` is the network's or forked from it. Packets and pictures may be hostile:
/// each becomes an error that names its place in the batch.
Result<Answer> execute(const Network& network, engine::Session& session,
                       const wire::InferRequest& request, const Call& call, const Clock& clock);

}  // namespace cleave::cloud
