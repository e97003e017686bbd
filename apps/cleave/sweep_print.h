#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/codec_sweep.h"

namespace cleave::app {

/// What `cleave codec sweep` found at one cut.
struct SweptCut {
  std::string id;
  std::string name;  ///< "28 after relu_66"
  study::CutSweep sweep;
};

struct Sweep {
  std::string network;
  std::vector<SweptCut> cuts;
  std::vector<study::SweepPoint> pictures;  ///< sent whole, for cloud-only
};

/// A line for each point, below a line of names.
std::string csv_of(const Sweep& sweep);

/// How many bytes `cleave` sends beside every other kind of codec at the same cut, and beside the
/// picture: Bjøntegaard's mean.
std::string differences_of(const Sweep& sweep);

/// Draws accuracy over bytes as a .svg or .png. Errors: kInvalidArgument for any other name, those
/// of reproduce::draw() and of writing.
Result<void> draw_sweep(const Sweep& sweep, const std::filesystem::path& path);
Result<void> check_picture_name(const std::filesystem::path& path);

}  // namespace cleave::app
