#include "edge/device.h"

#include <algorithm>

#include "base/file.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kPlace = "edge.device";

const Tensor* find(std::string_view name, const std::vector<TensorSpec>& specs,
                   std::span<const Tensor> tensors) {
  const auto it = std::ranges::find(specs, name, &TensorSpec::name);
  const auto at = static_cast<std::size_t>(it - specs.begin());
  return at < tensors.size() ? &tensors[at] : nullptr;
}

std::unexpected<Error> missing(const std::string& name) {
  return fail(ErrorCode::kInvalidArgument, kPlace, "value '" + name + "' was not given");
}

}  // namespace

Device::Device(const bundle::Bundle& bundle, engine::Engine& engine, Clock& clock,
               const DeviceOptions& options)
    : bundle_(bundle),
      engine_(engine),
      clock_(clock),
      options_(options),
      slowdown_(options.slowdown, clock) {}

template <class Work>
auto Device::timed(Work&& work) -> Result<Timed<typename std::invoke_result_t<Work>::value_type>> {
  Span span{clock_.now(), {}};
  auto value = CLEAVE_TRY(work());
  slowdown_.stretch(span.start);
  span.end = clock_.now();
  return Timed<decltype(value)>{std::move(value), span};
}

Result<Timed<std::vector<Tensor>>> Device::run_whole(std::span<const Tensor> inputs) {
  const std::lock_guard lock(mutex_);
  engine::Session* session = CLEAVE_TRY(whole());
  return timed([&] { return session->run(inputs); });
}

Result<Timed<std::vector<NamedTensor>>> Device::run_head(const bundle::CutEntry& cut,
                                                         std::span<const Tensor> inputs) {
  const std::lock_guard lock(mutex_);
  Head* half = CLEAVE_TRY(head(cut));
  const std::vector<TensorSpec>& names = bundle_.manifest().inputs;
  std::vector<Tensor> head_inputs;
  for (const TensorSpec& wanted : cut.head_inputs) {
    const Tensor* input = find(wanted.name, names, inputs);
    if (!input) return missing(wanted.name);
    head_inputs.push_back(*input);
  }
  return timed([&]() -> Result<std::vector<NamedTensor>> {
    std::vector<NamedTensor> outputs;
    for (Tensor& output : CLEAVE_TRY(half->session->run(head_inputs)))
      outputs.push_back({cut.head_outputs[outputs.size()].name, std::move(output)});
    return outputs;
  });
}

Result<Timed<std::vector<std::string>>> Device::encode(const bundle::CutEntry& cut,
                                                       std::span<const Tensor> inputs,
                                                       std::span<const NamedTensor> head_outputs) {
  const std::lock_guard lock(mutex_);
  Head* half = CLEAVE_TRY(head(cut));
  std::vector<const Tensor*> values;
  for (const bundle::CrossingValue& crossing : cut.crossing) {
    const std::string& name = crossing.value.name;
    const auto output = std::ranges::find(head_outputs, name, &NamedTensor::name);
    const Tensor* value = output != head_outputs.end()
                              ? &output->tensor
                              : find(name, bundle_.manifest().inputs, inputs);
    if (!value) return missing(name);
    values.push_back(value);
  }
  return timed(
      [&] { return half->stream ? half->stream->encode(values) : half->codec.encode(values); });
}

void Device::request_key_frames() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, half] : heads_) {
    if (half.stream) half.stream->request_key_frame();
  }
}

Result<Timed<std::string>> Device::encode_picture(const data::Image& picture) {
  const std::lock_guard lock(mutex_);
  const data::PictureCodec* codec = CLEAVE_TRY(picture_codec());
  return timed([&]() -> Result<std::string> {
    return std::string(as_text(CLEAVE_TRY(codec->encode(picture))));
  });
}

Result<const data::PictureCodec*> Device::picture_codec() {
  if (!options_.picture) {
    const auto& costs = bundle_.manifest().costs;
    const bool told = costs && !costs->picture.empty();
    options_.picture =
        told ? CLEAVE_TRY(data::PictureCodec::parse(costs->picture)) : data::PictureCodec();
  }
  return &*options_.picture;
}

Result<engine::Session*> Device::whole() {
  if (!whole_) whole_ = CLEAVE_TRY(compile(bundle_.manifest().model));
  return whole_.get();
}

Result<Device::Head*> Device::head(const bundle::CutEntry& cut) {
  if (const auto it = heads_.find(cut.id); it != heads_.end()) return &it->second;
  auto codec = CLEAVE_TRY(bundle::CutCodec::create(cut));
  std::optional<bundle::CutStreamEncoder> stream;
  if (options_.stream) stream = CLEAVE_TRY(bundle::CutStreamEncoder::create(codec));
  auto session = CLEAVE_TRY(compile(cut.head));
  const bundle::CheckVector check = CLEAVE_TRY(bundle_.check_vector(cut));
  CLEAVE_CHECK(bundle::verify_head(*session, cut, bundle_.manifest(), check, options_.precision));
  return &heads_.emplace(cut.id, Head{std::move(session), std::move(codec), std::move(stream)})
              .first->second;
}

Result<std::unique_ptr<engine::Session>> Device::compile(const bundle::FileEntry& file) {
  const std::string bytes = CLEAVE_TRY(bundle_.network(file));
  return engine_.compile(bytes, {.threads = options_.threads,
                                 .precision = options_.precision,
                                 .hint = engine::Hint::kLatency});
}

}  // namespace cleave::edge
