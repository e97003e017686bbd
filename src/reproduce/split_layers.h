#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"
#include "engine/engine.h"
#include "reproduce/figure.h"
#include "reproduce/trained.h"

// What makes a layer a good place to split, as section 2 of "Shared Mobile-Cloud Inference for
// Collaborative Intelligence" (Ulhaq and Bajić) lists it.

namespace cleave::reproduce {

/// Minor changes of an input: the next frame of a film; a photo's picture at the network's size
/// moved to the right, its left edge repeated, or brighter. How much is ours.
inline constexpr std::array<std::string_view, 4> kChanges{"next frame", "1 pixel", "4 pixels",
                                                          "5% brighter"};

/// What crosses at one place. Cut 0 is the input.
struct SplitLayer {
  std::string network;
  int cut = 0;
  std::string layer;  ///< before the cut
  std::size_t values = 1;
  double macs_before_percent = 0;
  double bytes = 0;       ///< at 8 bits a value
  double zstd_ratio = 0;  ///< of those to what is left of them
  double png_ratio = 0;
  /// |f' - f| over |f'| in percent, by kChanges; all values of the cut as one vector, a mean over
  /// pairs of frames or over photos.
  std::array<double, kChanges.size()> change_percent{};
};

data::Image moved_right(const data::Image& image, int pixels);
data::Image brighter(const data::Image& image, double factor);

/// Runs a trained network of a data folder on its photos and its film, and looks at every cut.
/// Errors: kNotFound where they are not there; of loading, running and coding.
Result<std::vector<SplitLayer>> study_split_layers(const std::filesystem::path& data,
                                                   const Trained& trained, engine::Engine& engine);

/// The four properties over the cuts, a row of panels for each network.
Figure split_layers_figure(const std::vector<SplitLayer>& layers);
std::string split_layers_csv(const std::vector<SplitLayer>& layers);

}  // namespace cleave::reproduce
