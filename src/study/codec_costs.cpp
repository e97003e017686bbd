#include "study/codec_costs.h"

#include <map>
#include <set>

#include "base/stats.h"
#include "bundle/tolerance.h"
#include "codec/packet.h"
#include "engine/intermediates.h"
#include "profile/measure.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.codec_costs";
/// Timed runs; the median is kept.
constexpr std::size_t kTimedRuns = 3;

void rest(Clock& clock) { clock.sleep_until(clock.now() + from_ms(profile::kIdleMs)); }

/// Codes a tensor once: its packet's bytes, the times it took and what it lost.
Result<plan::CodedValue> code_once(const codec::Codec& codec, const Tensor& tensor, Clock& clock) {
  const Nanos start = clock.now();
  const Bytes packet = CLEAVE_TRY(codec::encode_bound(codec, tensor));
  const Nanos encoded = clock.now();
  const Tensor decoded =
      CLEAVE_TRY(codec::decode_bound(codec, packet, tensor.dtype(), tensor.shape()));
  const double decode_ms = to_ms(clock.now() - encoded);
  return plan::CodedValue{{static_cast<double>(packet.size()), to_ms(encoded - start), decode_ms},
                          bundle::relative_difference(decoded, tensor)};
}

/// What sending a value costs, from what it was in each sample.
Result<plan::CodedValue> cost_of_value(std::span<const Tensor> tensors, std::string_view spec,
                                       Clock& clock) {
  const Json calibration = CLEAVE_TRY(codec::Codec::calibrate(spec, tensors));
  return measure_codec(CLEAVE_TRY(codec::Codec::create(spec, calibration)), tensors, clock);
}

/// The names of all values that some cut sends, each once.
std::set<std::string> crossing_values(const graph::Model& model) {
  std::set<std::string> names;
  for (const graph::Cut& cut : model.cuts())
    for (const TensorSpec& value : cut.values) names.insert(value.name);
  return names;
}

/// Every value of the network by its name, for each sample.
using ValuesOfSamples = std::vector<std::map<std::string, Tensor>>;

Result<ValuesOfSamples> run_samples(const graph::Model& model, engine::Engine& engine,
                                    const std::vector<std::vector<Tensor>>& samples) {
  if (samples.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no sample input, expected one or more");
  ValuesOfSamples values;
  for (const std::vector<Tensor>& inputs : samples)
    values.push_back(CLEAVE_TRY(engine::intermediate_values(model, engine, {}, inputs)));
  return values;
}

Result<std::vector<Tensor>> tensors_of(const ValuesOfSamples& values, const std::string& name) {
  std::vector<Tensor> tensors;
  for (const auto& sample : values) {
    const auto value = sample.find(name);
    if (value == sample.end())
      return fail(ErrorCode::kInternal, kPlace, "value '" + name + "' was not computed");
    tensors.push_back(value->second);
  }
  return tensors;
}

}  // namespace

Result<plan::CodedValue> measure_codec(const codec::Codec& codec, std::span<const Tensor> tensors,
                                       Clock& clock) {
  if (tensors.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no sample of a value, expected one or more");
  plan::CodedValue mean;
  std::vector<double> encode_ms;
  std::vector<double> decode_ms;
  // Every sample counts alike in the bytes; only the timed runs need their rest.
  const std::size_t runs = tensors.size() * ((kTimedRuns - 1) / tensors.size() + 1);
  for (std::size_t run = 0; run < runs; ++run) {
    const bool timed = run < kTimedRuns;
    if (timed) rest(clock);
    const auto coded = CLEAVE_TRY(code_once(codec, tensors[run % tensors.size()], clock));
    mean.cost.payload_bytes += coded.cost.payload_bytes / static_cast<double>(runs);
    mean.loss += coded.loss / static_cast<double>(runs);
    if (!timed) continue;
    encode_ms.push_back(coded.cost.encode_ms);
    decode_ms.push_back(coded.cost.decode_ms);
  }
  mean.cost.encode_ms = summarize(encode_ms).median;
  mean.cost.decode_ms = summarize(decode_ms).median;
  return mean;
}

std::optional<plan::CodecCost> cost_of_cut(const graph::Cut& cut,
                                           const std::map<std::string, plan::CodecCost>& table) {
  plan::CodecCost sum;
  for (const TensorSpec& value : cut.values) {
    const auto cost = table.find(value.name);
    if (cost == table.end()) return std::nullopt;
    sum.payload_bytes += cost->second.payload_bytes;
    sum.encode_ms += cost->second.encode_ms;
    sum.decode_ms += cost->second.decode_ms;
  }
  return sum;
}

Result<plan::CodecChoice> measure_codec_costs(const graph::Model& model, engine::Engine& engine,
                                              std::string_view codec_spec,
                                              const std::vector<std::vector<Tensor>>& samples,
                                              Clock& clock) {
  CLEAVE_CHECK(codec::Codec::create(codec_spec));
  const ValuesOfSamples values = CLEAVE_TRY(run_samples(model, engine, samples));
  plan::CodecChoice table{std::string(codec_spec), {}};
  std::optional<Error> refused;
  for (const std::string& name : crossing_values(model)) {
    const std::vector<Tensor> tensors = CLEAVE_TRY(tensors_of(values, name));
    // A codec may refuse some values, masks of -inf for one: nobody can cut there.
    auto cost = about("value '" + name + "'", cost_of_value(tensors, codec_spec, clock));
    if (cost) {
      table.values.emplace(name, *cost);
    } else if (!refused) {
      refused = std::move(cost).error();
    }
  }
  if (table.values.empty() && refused) return std::unexpected(*std::move(refused));
  return table;
}

Result<plan::CodecChoice> measure_calibrated_costs(const graph::Model& model,
                                                   engine::Engine& engine,
                                                   std::span<const codec::CalibratedValue> known,
                                                   const std::vector<std::vector<Tensor>>& samples,
                                                   Clock& clock) {
  const ValuesOfSamples values = CLEAVE_TRY(run_samples(model, engine, samples));
  plan::CodecChoice table{"calibrated", {}};
  for (const codec::CalibratedValue& value : known) {
    const std::string& name = value.value.name;
    const auto codec = CLEAVE_TRY(codec::Codec::create(value.codec, value.calibration));
    const std::vector<Tensor> tensors = CLEAVE_TRY(tensors_of(values, name));
    table.values.emplace(
        name, CLEAVE_TRY(about("value '" + name + "'", measure_codec(codec, tensors, clock))));
  }
  return table;
}

Result<plan::CodecCost> measure_picture_cost(const data::Preprocess& preprocess,
                                             std::span<const data::Image> pictures,
                                             const data::PictureCodec& codec, Clock& clock) {
  if (pictures.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no picture, expected one or more");
  plan::CodecCost cost;
  std::vector<double> encode_ms;
  std::vector<double> decode_ms;
  for (const data::Image& image : pictures) {
    const data::Image picture = preprocess.picture(image);
    for (std::size_t run = 0; run < kTimedRuns; ++run) {
      rest(clock);
      const Nanos start = clock.now();
      const auto bytes = CLEAVE_TRY(codec.encode(picture));
      const Nanos encoded = clock.now();
      const data::Image decoded = CLEAVE_TRY(data::decode_image(bytes));
      const Tensor input = preprocess.apply(decoded);
      decode_ms.push_back(to_ms(clock.now() - encoded));
      encode_ms.push_back(to_ms(encoded - start));
      cost.payload_bytes += static_cast<double>(bytes.size());
    }
  }
  cost.payload_bytes /= static_cast<double>(encode_ms.size());
  cost.encode_ms = summarize(encode_ms).median;
  cost.decode_ms = summarize(decode_ms).median;
  return cost;
}

}  // namespace cleave::study
