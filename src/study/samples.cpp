#include "study/samples.h"

#include "base/random_tensor.h"
#include "data/film.h"
#include "data/inputs.h"
#include "data/npy.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "samples";
constexpr std::uint64_t kSeed = 1;
/// Largest input that is made of noise.
constexpr std::int64_t kMaxNoiseBytes = std::int64_t{2} << 30;
/// Of the pictures of a film, and what is made of them.
constexpr std::int64_t kMaxFilmBytes = std::int64_t{4} << 30;

Result<void> check_fits(const data::Preprocess& preprocess, const TensorSpec& input) {
  if (preprocess.shape() == input.shape && input.dtype == DType::kF32) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + preprocess.spec() + "' makes f32 " + shape_text(preprocess.shape()) +
                  ", input '" + input.name + "' is " + std::string(dtype_name(input.dtype)) + " " +
                  shape_text(input.shape));
}

Result<std::vector<Tensor>> noise(const std::vector<TensorSpec>& inputs) {
  for (const TensorSpec& input : inputs) {
    if (input.byte_size().value_or(0) <= kMaxNoiseBytes) continue;
    return fail(ErrorCode::kResourceExhausted, kPlace,
                "input '" + input.name + "' of shape " + shape_text(input.shape) + " takes " +
                    std::to_string(*input.byte_size()) + " bytes, expected at most " +
                    std::to_string(kMaxNoiseBytes));
  }
  return random_tensors(inputs, kSeed);
}

void add_picture(data::Image image, Samples& samples) {
  samples.inputs.push_back({samples.preprocess->apply(image)});
  samples.pictures.push_back(std::move(image));
}

/// The film's first pictures, until there are `limit` samples.
Result<void> add_film(const std::filesystem::path& path, std::size_t limit, Samples& samples) {
  data::Film film = CLEAVE_TRY(data::Film::open(path));
  std::int64_t bytes = 0;
  while (samples.inputs.size() < limit) {
    auto image = CLEAVE_TRY(film.next());
    if (!image && bytes > 0) break;
    if (!image)
      return fail(ErrorCode::kInvalidArgument, kPlace, "no pictures, expected one or more");
    add_picture(*std::move(image), samples);
    bytes += static_cast<std::int64_t>(samples.pictures.back().rgb.size() +
                                       samples.inputs.back().front().byte_size());
    if (bytes > kMaxFilmBytes) {
      return fail(ErrorCode::kResourceExhausted, kPlace,
                  std::to_string(samples.inputs.size()) + " pictures and inputs take " +
                      std::to_string(bytes) + " bytes, expected at most " +
                      std::to_string(kMaxFilmBytes));
    }
  }
  return {};
}

}  // namespace

Result<std::optional<data::Preprocess>> choose_preprocess(std::span<const TensorSpec> inputs,
                                                          std::string_view spec) {
  std::optional<data::Preprocess> preprocess;
  if (!spec.empty())
    preprocess = CLEAVE_TRY(data::Preprocess::parse(spec));
  else if (inputs.size() == 1)
    preprocess = data::Preprocess::guess(inputs.front());
  if (preprocess) CLEAVE_CHECK(check_fits(*preprocess, inputs.front()));
  return preprocess;
}

Result<Samples> load_samples(const graph::Model& model, std::span<const std::string> paths,
                             std::string_view preprocess, std::size_t limit) {
  Samples samples;
  samples.preprocess = CLEAVE_TRY(choose_preprocess(model.inputs(), preprocess));
  if (paths.empty()) {
    samples.random = true;
    samples.inputs.push_back(CLEAVE_TRY(noise(model.inputs())));
    return samples;
  }
  if (model.inputs().size() != 1) {
    return fail(
        ErrorCode::kUnsupported, kPlace,
        "the network has " + std::to_string(model.inputs().size()) + " inputs, files can feed one");
  }
  const std::vector<data::InputItem> items = CLEAVE_TRY(data::expand_inputs(paths));
  for (const data::InputItem& item : items) {
    if (samples.inputs.size() == limit) break;
    if (item.kind == data::InputKind::kTensor) {
      samples.inputs.push_back({CLEAVE_TRY(data::read_npy(item.path))});
      continue;
    }
    if (!samples.preprocess) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "input '" + model.inputs().front().name + "' of shape " +
                      shape_text(model.inputs().front().shape) +
                      " does not look like a picture; say how with --preprocess");
    }
    if (item.kind == data::InputKind::kFilm) {
      CLEAVE_CHECK(about("'" + item.path.string() + "'", add_film(item.path, limit, samples)));
      continue;
    }
    add_picture(CLEAVE_TRY(data::load_image(item.path)), samples);
  }
  return samples;
}

}  // namespace cleave::study
