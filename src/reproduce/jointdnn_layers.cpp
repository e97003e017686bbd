#include "reproduce/jointdnn_layers.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "codec/codec.h"
#include "engine/intermediates.h"
#include "profile/measure.h"
#include "reproduce/trained.h"
#include "study/samples.h"
#include "zoo/zoo.h"

namespace cleave::reproduce {
namespace {

namespace fs = std::filesystem;

constexpr int kGroupingRounds = 5;
constexpr double kGroupingBudgetS = 60;

constexpr std::array kTrained{kSqueezeNet, kResNet50v2};

double zeros_percent(const Tensor& tensor) {
  const auto values = tensor.as<float>();
  const auto zeros = std::ranges::count(values, 0.0F);
  return 100 * static_cast<double>(zeros) / static_cast<double>(values.size());
}

bool is_picture_like(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  return tensor.dtype() == DType::kF32 && shape.size() == 4 && shape[2] > 1 && shape[3] > 1;
}

/// Ratio and zeros of each layer of one network, means over the photos.
class LayerTable {
 public:
  LayerTable(const graph::Model& model, codec::Codec codec)
      : model_(model), codec_(std::move(codec)) {}

  Result<void> add(const std::map<std::string, Tensor>& values, std::size_t photos) {
    for (std::size_t i = 0; i < model_.layers().size(); ++i) {
      const graph::Layer& layer = model_.layers()[i];
      if (layer.outputs.empty()) continue;
      const auto value = values.find(layer.outputs.front().name);
      if (value == values.end() || !is_picture_like(value->second)) continue;
      const Bytes png = CLEAVE_TRY(codec_.encode(value->second));
      Row& row = rows_[i];
      const auto share = 1 / static_cast<double>(photos);
      row.ratio +=
          share * static_cast<double>(value->second.elements()) / static_cast<double>(png.size());
      row.zeros_percent += share * zeros_percent(value->second);
    }
    return {};
  }

  void report(std::string_view title, PngStudy& study, std::vector<double>& ratios) const {
    Panel ratio{std::string(title) + ", compression ratio", {}, {{"", {}}}};
    Panel zeros{std::string(title) + ", zeros in %", {}, {{"", {}}}};
    for (const auto& [index, row] : rows_) {
      const graph::Layer& layer = model_.layers()[index];
      ratio.points.push_back(layer.name);
      zeros.points.push_back(layer.name);
      ratio.series[0].values.push_back(row.ratio);
      zeros.series[0].values.push_back(row.zeros_percent);
      ratios.push_back(row.ratio);
      if (!layer.op.ends_with("Relu")) continue;
      study.least_zeros_percent = std::min(study.least_zeros_percent, row.zeros_percent);
      study.most_zeros_percent = std::max(study.most_zeros_percent, row.zeros_percent);
    }
    study.figure.panels.push_back(std::move(ratio));
    study.figure.panels.push_back(std::move(zeros));
  }

 private:
  struct Row {
    double ratio = 0;
    double zeros_percent = 0;
  };
  const graph::Model& model_;
  codec::Codec codec_;
  std::map<std::size_t, Row> rows_;
};

/// A value as a picture: one grey pixel a number, from the smallest to the largest, channels side
/// by side.
Result<std::string> mosaic_png(const Tensor& tensor) {
  const auto [low, high] = std::ranges::minmax(tensor.as<float>());
  const float scale = high > low ? 255 / (high - low) : 0;
  Tensor grey(DType::kU8, tensor.shape());
  std::ranges::transform(tensor.as<float>(), grey.as<std::uint8_t>().begin(), [&](float value) {
    return static_cast<std::uint8_t>((value - low) * scale);
  });
  const codec::Codec png = CLEAVE_TRY(codec::Codec::create("tile|png"));
  return std::string(as_text(CLEAVE_TRY(png.encode(grey))));
}

}  // namespace

LayerSizes sizes_of(const Network& network) {
  const double floats = sizeof(float) * static_cast<double>(network.batch);
  LayerSizes sizes{
      std::string(network.title), {"data"}, {known_bytes(network.model.inputs()) / floats}};
  for (const graph::Layer& layer : network.model.layers()) {
    sizes.names.push_back(layer.name);
    sizes.bytes.push_back(static_cast<double>(layer.output_bytes.value_or(0)) / floats);
  }
  return sizes;
}

Result<Figure> grouping_figure(engine::Engine& engine, Clock& clock) {
  const std::string bytes = CLEAVE_TRY(zoo::build("conv25", 1));
  const graph::Model model = CLEAVE_TRY(graph::Model::parse(bytes));
  const study::Samples samples = CLEAVE_TRY(study::load_samples(model, {}, "", 1));
  profile::MeasureOptions options;
  options.inputs = samples.inputs.front();
  options.tails = false;
  options.rounds = kGroupingRounds;
  // As on the thesis's GPU, where everything lies ready: a rest before each run would be counted
  // once for the group and once for each of its convolutions.
  options.idle_ms = 0;
  options.budget_s = kGroupingBudgetS;
  const profile::Profile p = CLEAVE_TRY(profile::measure(model, engine, options, clock));
  Panel panel{p.machine, {}, {{"grouped", {}}, {"one by one", {}}}};
  double sum_ms = 0;
  for (std::size_t k = 0; k < p.layers(); ++k) {
    if (!p.head[k + 1] || !p.layer[k]) {
      return fail(ErrorCode::kResourceExhausted, "reproduce.grouping",
                  "this machine did not measure 25 convolutions in a minute");
    }
    sum_ms += p.layer[k]->median_ms;
    panel.points.push_back(std::to_string(k + 1));
    panel.series[0].values.push_back(p.head[k + 1]->median_ms);
    panel.series[1].values.push_back(sum_ms);
  }
  return Figure{"figure_2_3",
                "Convolutions in one group and one by one",
                "",
                Style::kLines,
                "convolutions",
                "ms",
                1,
                {std::move(panel)}};
}

Result<PngStudy> study_png(const fs::path& data, engine::Engine& engine) {
  const std::vector<std::string> photos = CLEAVE_TRY(photos_of(data));
  PngStudy study;
  study.figure = {"figure_2_14",
                  "PNG of layers (trained networks, photos)",
                  "",
                  Style::kStackedBars,
                  "",
                  "",
                  2,
                  {}};
  study.least_zeros_percent = 100;
  std::vector<double> ratios;
  for (const Trained& trained : kTrained) {
    const graph::Model model = CLEAVE_TRY(load_trained(data, trained, engine));
    const study::Samples samples =
        CLEAVE_TRY(study::load_samples(model, photos, trained.preprocess, photos.size()));
    LayerTable table(model, CLEAVE_TRY(codec::Codec::create("quant:bits=8,range=minmax|tile|png")));
    for (const std::vector<Tensor>& inputs : samples.inputs) {
      const auto values = CLEAVE_TRY(engine::intermediate_values(model, engine, {}, inputs));
      CLEAVE_CHECK(table.add(values, samples.inputs.size()));
      const auto first = values.find(model.layers().front().outputs.front().name);
      if (study.mosaic.empty() && first != values.end())
        study.mosaic = CLEAVE_TRY(mosaic_png(first->second));
    }
    table.report(trained.title, study, ratios);
  }
  study.largest = std::ranges::max(ratios);
  for (const double ratio : ratios) study.average += ratio / static_cast<double>(ratios.size());
  return study;
}

}  // namespace cleave::reproduce
