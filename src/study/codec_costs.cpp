#include "study/codec_costs.h"

#include <map>

#include "base/stats.h"
#include "codec/packet.h"
#include "engine/intermediates.h"
#include "profile/measure.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.codec_costs";
/// Timed runs; the median is kept.
constexpr std::size_t kTimedRuns = 3;

using Values = std::map<std::string, Tensor>;

/// The tensors of one crossing value, one per sample, with the codec calibrated on them.
struct Stream {
  std::vector<const Tensor*> tensors;
  std::optional<codec::Codec> codec;
};

Result<Stream> make_stream(const std::string& name, std::string_view spec,
                           const std::vector<Values>& samples) {
  Stream stream;
  std::vector<Tensor> seen;
  for (const Values& values : samples) {
    const auto it = values.find(name);
    if (it == values.end())
      return fail(ErrorCode::kInternal, kPlace, "value '" + name + "' was not computed");
    stream.tensors.push_back(&it->second);
    seen.push_back(it->second);
  }
  const Json calibration =
      CLEAVE_TRY(about("value '" + name + "'", codec::Codec::calibrate(spec, seen)));
  stream.codec = CLEAVE_TRY(codec::Codec::create(spec, calibration));
  return stream;
}

void rest(Clock& clock) { clock.sleep_until(clock.now() + from_ms(profile::kIdleMs)); }

/// Codes sample `i` of every stream once: its packets' bytes and the times it took.
Result<plan::CodecCost> code_once(const std::vector<Stream>& streams, std::size_t i, Clock& clock) {
  plan::CodecCost cost;
  std::vector<Bytes> packets;
  const Nanos start = clock.now();
  for (const Stream& s : streams)
    packets.push_back(CLEAVE_TRY(codec::encode_bound(*s.codec, *s.tensors[i])));
  const Nanos encoded = clock.now();
  for (std::size_t v = 0; v < streams.size(); ++v) {
    const Tensor& t = *streams[v].tensors[i];
    CLEAVE_CHECK(codec::decode_bound(*streams[v].codec, packets[v], t.dtype(), t.shape()));
  }
  cost.encode_ms = to_ms(encoded - start);
  cost.decode_ms = to_ms(clock.now() - encoded);
  for (const Bytes& packet : packets) cost.payload_bytes += static_cast<double>(packet.size());
  return cost;
}

Result<plan::CodecCost> cost_of_cut(const graph::Cut& cut, std::string_view spec,
                                    const std::vector<Values>& samples, Clock& clock) {
  std::vector<Stream> streams;
  for (const TensorSpec& value : cut.values)
    streams.push_back(CLEAVE_TRY(make_stream(value.name, spec, samples)));
  plan::CodecCost mean;
  std::vector<double> encode_ms;
  std::vector<double> decode_ms;
  // Every sample counts alike in the bytes; only the timed runs need their rest.
  const std::size_t runs = samples.size() * ((kTimedRuns - 1) / samples.size() + 1);
  for (std::size_t run = 0; run < runs; ++run) {
    const bool timed = run < kTimedRuns;
    if (timed) rest(clock);
    const auto cost = CLEAVE_TRY(code_once(streams, run % samples.size(), clock));
    mean.payload_bytes += cost.payload_bytes / static_cast<double>(runs);
    if (!timed) continue;
    encode_ms.push_back(cost.encode_ms);
    decode_ms.push_back(cost.decode_ms);
  }
  mean.encode_ms = summarize(encode_ms).median;
  mean.decode_ms = summarize(decode_ms).median;
  return mean;
}

}  // namespace

Result<std::vector<std::optional<plan::CodecCost>>> measure_codec_costs(
    const graph::Model& model, engine::Engine& engine, std::string_view codec_spec,
    const std::vector<std::vector<Tensor>>& samples, Clock& clock) {
  if (samples.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no sample input, expected one or more");
  CLEAVE_CHECK(codec::Codec::create(codec_spec));
  std::vector<Values> values;
  for (const std::vector<Tensor>& inputs : samples) {
    values.push_back(CLEAVE_TRY(engine::intermediate_values(model, engine, {}, inputs)));
  }
  std::vector<std::optional<plan::CodecCost>> costs(model.layers().size() + 1);
  std::optional<Error> refused;
  bool any = false;
  for (const graph::Cut& cut : model.cuts()) {
    // A codec may refuse the values of some cuts, masks of -inf for one: nobody can cut there.
    auto cost = about("cut " + cut.id(), cost_of_cut(cut, codec_spec, values, clock));
    any = any || cost;
    if (cost) {
      costs[static_cast<std::size_t>(cut.index)] = *cost;
    } else if (!refused) {
      refused = std::move(cost).error();
    }
  }
  if (!any && refused) return std::unexpected(*std::move(refused));
  return costs;
}

Result<plan::CodecCost> measure_jpeg_cost(const data::Preprocess& preprocess,
                                          const std::vector<data::Image>& pictures, int quality,
                                          Clock& clock) {
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
      const auto bytes = CLEAVE_TRY(data::encode_jpeg(picture, quality));
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
