#include "reproduce/split_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/file.h"
#include "codec/codec.h"
#include "data/y4m.h"
#include "reproduce/probe.h"
#include "study/samples.h"

namespace cleave::reproduce {
namespace {

namespace fs = std::filesystem;
using Values = std::map<std::string, Tensor>;

constexpr std::string_view kFilm = "newtonscradle_200x150_420jpeg.y4m";
constexpr std::string_view kZstd = "quant:bits=8,range=sigma3|zstd";
constexpr std::string_view kPng = "quant:bits=8,range=sigma3|tile|png";
constexpr std::uint64_t kMaxFilmBytes = std::uint64_t{64} << 20;
constexpr double kBrighter = 1.05;

/// Values that cross together.
struct Crossing {
  SplitLayer layer;
  std::vector<std::string> names;
};

/// The input and every cut; those through values other than floats are left out.
std::vector<Crossing> crossings_of(const graph::Model& model, std::string_view network) {
  const auto floats = [](const TensorSpec& value) { return value.dtype == DType::kF32; };
  std::vector<Crossing> list;
  const auto add = [&](int index, const std::string& name, const std::vector<TensorSpec>& values,
                       double macs) {
    Crossing c;
    c.layer = {std::string(network), index, name, values.size(), macs};
    c.layer.bytes = known_bytes(values) / sizeof(float);
    for (const TensorSpec& value : values) c.names.push_back(value.name);
    list.push_back(std::move(c));
  };
  add(0, "input", model.inputs(), 0);
  const auto all = static_cast<double>(model.totals().macs);
  for (const graph::Cut& cut : model.cuts())
    if (std::ranges::all_of(cut.values, floats))
      add(cut.index, model.layers()[static_cast<std::size_t>(cut.index) - 1].name, cut.values,
          100 * static_cast<double>(cut.head_macs) / all);
  return list;
}

struct Squares {
  double difference = 0;
  double after = 0;
};

/// For every value, sums over its elements.
std::map<std::string, Squares> compare(const Values& before, const Values& after) {
  std::map<std::string, Squares> sums;
  for (const auto& [name, tensor] : after) {
    const auto a = before.at(name).as<float>();
    const auto b = tensor.as<float>();
    Squares& s = sums[name];
    for (std::size_t i = 0; i < b.size(); ++i) {
      const double d = double{b[i]} - a[i];
      s.difference += d * d;
      s.after += double{b[i]} * b[i];
    }
  }
  return sums;
}

/// Looks at one network, whose probe knows what crosses.
class Watched {
 public:
  Watched(const graph::Model& model, Probe probe, const data::Preprocess& preprocess,
          std::string_view network)
      : probe_(std::move(probe)),
        preprocess_(preprocess),
        crossings_(crossings_of(model, network)) {}

  /// Mean changes between neighbours.
  Result<void> watch(const std::string& film_bytes) {
    data::Y4m film = CLEAVE_TRY(data::Y4m::parse(as_bytes(film_bytes)));
    std::vector<std::vector<double>> changes;
    std::optional<Values> before;
    for (;;) {
      const auto frame = CLEAVE_TRY(film.next());
      if (!frame) break;
      Values values = CLEAVE_TRY(probe_.run(preprocess_.apply(*frame)));
      if (before) changes.push_back(changes_of(*before, values));
      before = std::move(values);
    }
    keep_means(0, changes);
    return {};
  }

  Result<void> look_at(const std::vector<data::Image>& photos) {
    std::array<std::vector<std::vector<double>>, kChanges.size()> changes;
    for (const data::Image& photo : photos) {
      const data::Image picture = preprocess_.picture(photo);
      const Values values = CLEAVE_TRY(probe_.run(preprocess_.apply(picture)));
      CLEAVE_CHECK(code(values));
      const std::array changed{moved_right(picture, 1), moved_right(picture, 4),
                               brighter(picture, kBrighter)};
      for (std::size_t i = 0; i < changed.size(); ++i) {
        const Values after = CLEAVE_TRY(probe_.run(preprocess_.apply(changed[i])));
        changes[i + 1].push_back(changes_of(values, after));
      }
    }
    for (std::size_t i = 1; i < changes.size(); ++i) keep_means(i, changes[i]);
    return {};
  }

  std::vector<SplitLayer> layers() const {
    std::vector<SplitLayer> list;
    for (const Crossing& c : crossings_) {
      SplitLayer layer = c.layer;
      double plain = 0;
      double zstd = 0;
      double png = 0;
      for (const std::string& name : c.names) {
        plain += coded_.at(name).plain;
        zstd += coded_.at(name).zstd;
        png += coded_.at(name).png;
      }
      layer.zstd_ratio = plain / zstd;
      layer.png_ratio = plain / png;
      list.push_back(std::move(layer));
    }
    return list;
  }

 private:
  /// Bytes over all photos.
  struct Coded {
    double plain = 0;
    double zstd = 0;
    double png = 0;
  };

  Result<void> code(const Values& values) {
    const codec::Codec zstd = CLEAVE_TRY(codec::Codec::create(kZstd));
    const codec::Codec png = CLEAVE_TRY(codec::Codec::create(kPng));
    for (const auto& [name, tensor] : values) {
      Coded& sum = coded_[name];
      sum.plain += static_cast<double>(tensor.elements());
      sum.zstd += static_cast<double>(CLEAVE_TRY(zstd.encode(tensor)).size());
      sum.png += static_cast<double>(CLEAVE_TRY(png.encode(tensor)).size());
    }
    return {};
  }

  /// By crossing, in percent.
  std::vector<double> changes_of(const Values& before, const Values& after) const {
    const auto sums = compare(before, after);
    std::vector<double> list;
    for (const Crossing& c : crossings_) {
      Squares all;
      for (const std::string& name : c.names) {
        all.difference += sums.at(name).difference;
        all.after += sums.at(name).after;
      }
      list.push_back(all.after > 0 ? 100 * std::sqrt(all.difference / all.after) : 0);
    }
    return list;
  }

  void keep_means(std::size_t change, const std::vector<std::vector<double>>& samples) {
    for (std::size_t k = 0; k < crossings_.size(); ++k)
      for (const std::vector<double>& sample : samples)
        crossings_[k].layer.change_percent[change] +=
            sample[k] / static_cast<double>(samples.size());
  }

  Probe probe_;
  const data::Preprocess& preprocess_;
  std::vector<Crossing> crossings_;
  std::map<std::string, Coded> coded_;
};

}  // namespace

data::Image moved_right(const data::Image& image, int pixels) {
  data::Image moved(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      std::copy_n(image.pixel(std::max(x - pixels, 0), y), 3, moved.pixel(x, y));
  return moved;
}

data::Image brighter(const data::Image& image, double factor) {
  data::Image bright = image;
  for (std::uint8_t& byte : bright.rgb)
    byte = static_cast<std::uint8_t>(std::min(std::lround(byte * factor), 255L));
  return bright;
}

Result<std::vector<SplitLayer>> study_split_layers(const fs::path& data, const Trained& trained,
                                                   engine::Engine& engine) {
  const std::vector<std::string> photos = CLEAVE_TRY(photos_of(data));
  const std::string film = CLEAVE_TRY(read_file(data / "video" / kFilm, kMaxFilmBytes));
  const graph::Model model = CLEAVE_TRY(load_trained(data, trained, engine));
  const study::Samples samples =
      CLEAVE_TRY(study::load_samples(model, photos, trained.preprocess, photos.size()));
  Probe probe = CLEAVE_TRY(Probe::create(model, crossing_values(model), engine));
  Watched network(model, std::move(probe), *samples.preprocess, trained.title);
  CLEAVE_CHECK(network.watch(film));
  CLEAVE_CHECK(network.look_at(samples.pictures));
  return network.layers();
}

Figure split_layers_figure(const std::vector<SplitLayer>& layers) {
  Figure figure{"split_layers",
                "What makes a layer a good place to split",
                "",
                Style::kLines,
                "layers before the cut",
                "",
                4,
                {}};
  for (std::size_t at = 0; at < layers.size();) {
    const std::string& network = layers[at].network;
    Panel work{network, {}, {{"% of products before", {}}}};
    Panel size{"", {}, {{"kB, 8 bits", {}}}};
    Panel ratio{"", {}, {{"zstd, times smaller", {}}, {"png", {}}}};
    Panel change{"", {}, {}};
    for (const std::string_view name : kChanges) change.series.push_back({std::string(name), {}});
    change.series.front().title = "% changed by: " + change.series.front().title;
    for (; at < layers.size() && layers[at].network == network; ++at) {
      const SplitLayer& l = layers[at];
      for (Panel* panel : {&work, &size, &ratio, &change})
        panel->points.push_back(std::to_string(l.cut));
      work.series[0].values.push_back(l.macs_before_percent);
      size.series[0].values.push_back(l.bytes / 1000);
      ratio.series[0].values.push_back(l.zstd_ratio);
      ratio.series[1].values.push_back(l.png_ratio);
      for (std::size_t i = 0; i < kChanges.size(); ++i)
        change.series[i].values.push_back(l.change_percent[i]);
    }
    for (Panel* panel : {&work, &size, &ratio, &change}) figure.panels.push_back(std::move(*panel));
  }
  return figure;
}

std::string split_layers_csv(const std::vector<SplitLayer>& layers) {
  std::string csv = "network,cut,layer,values,macs_before_percent,bytes,zstd_ratio,png_ratio";
  for (const std::string_view change : kChanges)
    csv += fmt::format(",{}", csv_field(fmt::format("{}: change in percent", change)));
  csv += '\n';
  for (const SplitLayer& l : layers) {
    csv += fmt::format("{},{},{},{},{:.4g},{:.0f},{:.3g},{:.3g}", csv_field(l.network), l.cut,
                       csv_field(l.layer), l.values, l.macs_before_percent, l.bytes, l.zstd_ratio,
                       l.png_ratio);
    for (const double percent : l.change_percent) csv += fmt::format(",{:.4g}", percent);
    csv += '\n';
  }
  return csv;
}

}  // namespace cleave::reproduce
