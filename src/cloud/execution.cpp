#include "cloud/execution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/file.h"
#include "data/image.h"

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlace = "cloud.infer";

std::string text_of(const wire::WireTensor& tensor) {
  return fmt::format("{} {}", tensor.datatype, shape_text(tensor.shape));
}

std::string text_of(const TensorSpec& spec) {
  return fmt::format("{} {}", wire::datatype_of(spec.dtype), shape_text(spec.shape));
}

std::unexpected<Error> refuse(const Network& network, const std::string& message) {
  return fail(ErrorCode::kInvalidArgument, kPlace,
              fmt::format("model '{}': {}", network.name, message));
}

/// "data (FP32 1x3x224x224), packet (BYTES batchx1)": all that the network takes.
std::string known_inputs(const Network& network) {
  std::vector<std::string> known;
  for (const TensorSpec& spec : network.inputs)
    known.push_back(fmt::format("{} ({})", spec.name, text_of(spec)));
  if (network.packets)
    known.push_back(
        fmt::format("{} (BYTES batchx{})", kPacketInput, network.packets->codec.size()));
  if (network.image) known.push_back(fmt::format("{} (BYTES batch)", kImageInput));
  return fmt::format("{}", fmt::join(known, ", "));
}

Result<void> check_plain_inputs(const Network& network,
                                const std::vector<wire::WireTensor>& inputs) {
  for (const wire::WireTensor& input : inputs) {
    const auto spec = std::ranges::find(network.inputs, input.name, &TensorSpec::name);
    if (spec == network.inputs.end()) {
      return refuse(network, fmt::format("there is no input '{}' of {}, expected {}", input.name,
                                         text_of(input), known_inputs(network)));
    }
    if (input.datatype != wire::datatype_of(spec->dtype) ||
        !engine::shape_fits(spec->shape, input.shape)) {
      return refuse(network, fmt::format("input '{}' is {}, expected {}", input.name,
                                         text_of(input), text_of(*spec)));
    }
  }
  for (const TensorSpec& spec : network.inputs) {
    if (std::ranges::find(inputs, spec.name, &wire::WireTensor::name) == inputs.end()) {
      return refuse(network, fmt::format("input '{}' is missing, expected {}", spec.name,
                                         known_inputs(network)));
    }
  }
  return {};
}

/// The batch of a BYTES input [batch, per_sample], where [batch] will do for one per sample.
Result<std::int64_t> batch_of(const Network& network, const wire::WireTensor& input,
                              std::size_t per_sample) {
  const Shape& shape = input.shape;
  const bool has_columns = shape.size() == 2 && std::cmp_equal(shape[1], per_sample);
  const bool is_column = shape.size() == 1 && per_sample == 1;
  const std::int64_t batch = shape.empty() ? 0 : shape[0];
  if ((has_columns || is_column) && batch >= 1 && batch <= kMaxBatch &&
      std::cmp_equal(input.elements.size(), batch * static_cast<std::int64_t>(per_sample))) {
    return batch;
  }
  return refuse(network, fmt::format("input '{}' is {} with {} elements, expected BYTES of shape "
                                     "[batch, {}], batch from 1 to {}",
                                     input.name, text_of(input), input.elements.size(), per_sample,
                                     kMaxBatch));
}

Result<void> check_sequence(const Network& network, const Call& call) {
  if (!call.sequence) return {};
  if (!network.packets->sequences) {
    return refuse(network,
                  fmt::format("sequence '{}' of packets in {}, expected a cut whose codecs "
                              "end in h264 or h265",
                              call.sequence->id, network.packets->announcement));
  }
  if (call.batch == 1) return {};
  return refuse(network, fmt::format("sequence '{}' with {} frames in a request, expected 1",
                                     call.sequence->id, call.batch));
}

Result<void> read_feed(const Network& network, const wire::InferRequest& request, Call& call) {
  // A network may have a plain input called "image": the datatype tells them apart.
  if (request.inputs.size() == 1 && request.inputs[0].datatype == wire::kBytes) {
    const wire::WireTensor& input = request.inputs[0];
    if (network.packets && input.name == kPacketInput) {
      call.feed = Call::Feed::kPackets;
      call.batch = CLEAVE_TRY(batch_of(network, input, network.packets->codec.size()));
      call.sequence = CLEAVE_TRY(read_sequence(request.parameters));
      return check_sequence(network, call);
    }
    if (network.image && input.name == kImageInput) {
      call.feed = Call::Feed::kImages;
      call.batch = CLEAVE_TRY(batch_of(network, input, 1));
      return {};
    }
  }
  return check_plain_inputs(network, request.inputs);
}

Result<void> read_outputs(const Network& network, const wire::InferRequest& request, Call& call) {
  for (const wire::RequestedOutput& wanted : request.outputs) {
    const auto spec = std::ranges::find(network.outputs, wanted.name, &TensorSpec::name);
    if (spec == network.outputs.end()) {
      std::vector<std::string_view> known;
      for (const TensorSpec& output : network.outputs) known.push_back(output.name);
      return refuse(network, fmt::format("there is no output '{}', expected one of {}", wanted.name,
                                         fmt::join(known, ", ")));
    }
    call.outputs.push_back(static_cast<std::size_t>(spec - network.outputs.begin()));
  }
  if (!request.outputs.empty()) return {};
  for (std::size_t i = 0; i < network.outputs.size(); ++i) call.outputs.push_back(i);
  return {};
}

/// The network's inputs for one sample of the batch.
Result<std::vector<Tensor>> decode(const Network& network, const wire::InferRequest& request,
                                   const Call& call, std::size_t sample) {
  std::vector<Tensor> inputs;
  switch (call.feed) {
    case Call::Feed::kTensors:
      for (const TensorSpec& spec : network.inputs) {
        inputs.push_back(CLEAVE_TRY(wire::from_wire(
            *std::ranges::find(request.inputs, spec.name, &wire::WireTensor::name))));
      }
      break;
    case Call::Feed::kPackets: {
      const std::size_t count = network.packets->codec.size();
      const std::span packets(request.inputs[0].elements);
      if (call.sequence) return network.packets->sequences->decode(*call.sequence, packets);
      return network.packets->codec.decode(packets.subspan(sample * count, count));
    }
    case Call::Feed::kImages: {
      const data::Image image =
          CLEAVE_TRY(data::decode_image(as_bytes(request.inputs[0].elements[sample])));
      inputs.push_back(network.image->apply(image));
      break;
    }
  }
  return inputs;
}

/// Adds one sample's output to those before it.
Result<void> append(const Network& network, const TensorSpec& spec, const Tensor& output,
                    const Call& call, wire::WireTensor& joined) {
  const auto batch = static_cast<std::size_t>(call.batch);
  if (output.byte_size() > kMaxAnswerBytes / batch) {
    return fail(ErrorCode::kResourceExhausted, kPlace,
                fmt::format("model '{}': output '{}' has {} bytes for each of {} samples, expected "
                            "at most {} in all",
                            network.name, spec.name, output.byte_size(), batch, kMaxAnswerBytes));
  }
  Shape shape = output.shape();
  if (shape.empty() && batch > 1) shape = {1};
  if (joined.name.empty()) {
    joined = wire::to_wire(spec.name, output);
    joined.shape = shape;
    if (batch > 1) joined.bytes.reserve(output.byte_size() * batch);
    return {};
  }
  if (!std::equal(shape.begin() + 1, shape.end(), joined.shape.begin() + 1, joined.shape.end())) {
    return refuse(network, fmt::format("output '{}' is {} for one sample and {} for those before "
                                       "it, expected one shape: send them one by one",
                                       spec.name, shape_text(shape), shape_text(joined.shape)));
  }
  joined.shape[0] += shape[0];
  joined.bytes += as_text(output.bytes());
  return {};
}

}  // namespace

Result<Call> read_call(const Network& network, const wire::InferRequest& request) {
  Call call;
  CLEAVE_CHECK(read_feed(network, request, call));
  CLEAVE_CHECK(read_outputs(network, request, call));
  return call;
}

Result<Answer> execute(const Network& network, engine::Session& session,
                       const wire::InferRequest& request, const Call& call, const Clock& clock) {
  Answer answer;
  answer.outputs.resize(call.outputs.size());
  for (std::int64_t sample = 0; sample < call.batch; ++sample) {
    const Nanos start = clock.now();
    auto inputs = decode(network, request, call, static_cast<std::size_t>(sample));
    if (!inputs) {
      Error error = std::move(inputs).error();
      error.message = fmt::format("model '{}': sample {}: {}", network.name, sample, error.message);
      return std::unexpected(std::move(error));
    }
    const Nanos decoded = clock.now();
    const std::vector<Tensor> outputs = CLEAVE_TRY(session.run(*inputs));
    const Nanos computed = clock.now();
    for (std::size_t i = 0; i < call.outputs.size(); ++i) {
      const std::size_t output = call.outputs[i];
      CLEAVE_CHECK(
          append(network, network.outputs[output], outputs[output], call, answer.outputs[i]));
    }
    answer.decode += decoded - start;
    answer.compute += computed - decoded;
    answer.encode += clock.now() - computed;
  }
  return answer;
}

}  // namespace cleave::cloud
