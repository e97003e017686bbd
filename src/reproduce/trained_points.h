#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cleave::reproduce {

/// Said in the place of a unit: the plain value crosses.
inline constexpr std::string_view kPlainUnit = "none";
/// The same: the picture is sent.
inline constexpr std::string_view kPictureUnit = "picture";

/// A network that was trained with a unit at a cut, or one without beside which it is set: a line
/// of docs/formats/trained.md, which says what each member means.
struct TrainedPoint {
  std::string network;
  std::string data;
  std::string value;
  std::string unit;  ///< "butterfly", "bottleneck", kPlainUnit or kPictureUnit
  int channels = 1;
  int stride = 1;
  std::string unit_spec;
  std::string codec;
  std::string training_codec;  ///< that of `codec` where the file has none
  int epochs = 1;
  std::int64_t training_pictures = 1;
  std::optional<double> heldout_accuracy;  ///< 0..1; every unit's point has it
  std::optional<double> test_accuracy;
  double payload_bytes = 1;
  double uncut_accuracy = 0;
  std::optional<double> uncut_test_accuracy;

  bool has_unit() const { return unit != kPlainUnit && unit != kPictureUnit; }
  /// Of the test set where both accuracies are known, else of the held-out pictures; every unit's
  /// point has one of them.
  double accuracy() const { return is_tested() ? *test_accuracy : *heldout_accuracy; }
  /// Of the network without unit and codec on the same pictures.
  double accuracy_of_uncut() const { return is_tested() ? *uncut_test_accuracy : uncut_accuracy; }
  bool is_tested() const { return test_accuracy && uncut_test_accuracy; }
  /// What the unit costs, in percent points; below 0 where it gained.
  double loss_points() const { return 100 * (accuracy_of_uncut() - accuracy()); }

  std::optional<double> test_loss_points() const {
    if (!is_tested()) return std::nullopt;
    return 100 * (*uncut_test_accuracy - *test_accuracy);
  }
  std::optional<double> heldout_loss_points() const {
    if (!heldout_accuracy) return std::nullopt;
    return 100 * (uncut_accuracy - *heldout_accuracy);
  }
};

/// The loss that chapter 3 (3.3.2) and the BottleNet paper accept.
inline constexpr double kAcceptedPoints = 2;

inline constexpr std::uint64_t kMaxTrainedBytes = std::uint64_t{4} << 20;
inline constexpr std::size_t kMaxTrainedPoints = 10'000;

/// Reads a file of trained points. Errors: kCorrupt with the line, what was found and what was
/// expected; kResourceExhausted for too many.
Result<std::vector<TrainedPoint>> parse_trained_points(std::string_view csv);
/// The same of a file of at most kMaxTrainedBytes.
Result<std::vector<TrainedPoint>> load_trained_points(const std::filesystem::path& path);

/// The points of each network, data and value, in the order of their first.
std::vector<std::vector<TrainedPoint>> by_cut(const std::vector<TrainedPoint>& points);
/// Of a point's network, data and value, for people.
std::string cut_name(const TrainedPoint& point);

}  // namespace cleave::reproduce
