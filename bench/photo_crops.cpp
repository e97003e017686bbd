#include "photo_crops.h"

#include <algorithm>
#include <memory>

#include "base/random.h"
#include "data/inputs.h"
#include "networks.h"

namespace cleave::bench {

Result<data::Dataset> crops(std::span<const std::string> photos, std::size_t count,
                            std::uint64_t seed) {
  auto images = std::make_shared<std::vector<data::Image>>();
  for (const std::string& photo : photos) images->push_back(CLEAVE_TRY(data::load_image(photo)));
  data::Dataset::Parts parts;
  parts.size = count;
  parts.picture = [images, seed](std::size_t i) -> Result<data::Image> {
    Random random(seed + i);
    const data::Image& image = (*images)[i % images->size()];
    const int shorter = std::min(image.width, image.height);
    const int side = std::max(1, static_cast<int>(shorter * random.uniform(0.3, 1.0)));
    const auto left =
        static_cast<int>(random.below(static_cast<std::uint64_t>(image.width - side) + 1));
    const auto top =
        static_cast<int>(random.below(static_cast<std::uint64_t>(image.height - side) + 1));
    const bool flip = random.below(2) == 1;
    data::Image crop(side, side);
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        std::copy_n(image.pixel(left + (flip ? side - 1 - x : x), top + y), 3, crop.pixel(x, y));
    return crop;
  };
  return data::Dataset(std::move(parts));
}

Result<PhotoHalves> photo_halves() {
  PhotoHalves halves;
  for (const data::InputItem& item : CLEAVE_TRY(data::expand_inputs(photo_paths()))) {
    auto& fewer = halves[0].size() > halves[1].size() ? halves[1] : halves[0];
    fewer.push_back(item.path.string());
  }
  return halves;
}

}  // namespace cleave::bench
