#pragma once

#include "base/clock.h"
#include "engine/engine.h"
#include "reproduce/jointdnn_figures.h"

namespace cleave::reproduce {

LayerSizes sizes_of(const Network& network);

/// Figure 2.3: 25 equal convolutions behind each other, measured as one group and one by one, on
/// all threads of this machine. kResourceExhausted when that takes over a minute.
Result<Figure> grouping_figure(engine::Engine& engine, Clock& clock);

/// Figures 2.13 and 2.14: what PNG makes of trained networks' layers, and the share of zeros in
/// them (thesis 2.4.2). Values are quantised to 8 bits over their own range and tiled; the ratio is
/// of the 8-bit layer to the picture. Layers of at least 2x2 are looked at, means are over the
/// photos.
struct PngStudy {
  Figure figure;       ///< 2.14
  std::string mosaic;  ///< 2.13: a PNG of the first network's first layer, for the first photo
  double largest = 0;  ///< ratio of a layer
  double average = 0;  ///< over all layers
  double least_zeros_percent = 0;  ///< of layers that a rectifier ends
  double most_zeros_percent = 0;
};
/// Reads the networks and photos of a data folder. kNotFound when they are not there.
Result<PngStudy> study_png(const std::filesystem::path& data, engine::Engine& engine);

}  // namespace cleave::reproduce
