#pragma once

#include "data/dataset.h"
#include "data/synthetic.h"

namespace cleave::study {

/// So many synthetic pictures, without labels.
inline data::Dataset synthetic_pictures(std::size_t count) {
  data::Dataset::Parts parts;
  parts.size = count;
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    return data::synthetic_picture(64, 64, i);
  };
  return data::Dataset(std::move(parts));
}

}  // namespace cleave::study
