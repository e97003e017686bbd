#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/stats.h"

namespace cleave::profile {

/// A measured or interpolated duration. Measured: median and quartiles of `samples` runs.
struct Cost {
  double median_ms = 0;
  double p25_ms = 0;
  double p75_ms = 0;
  int samples = 0;
  /// What the group keeps allocated once it has run: weights, activations and the engine's own.
  /// Nothing where that is not known; estimated where the time is.
  std::optional<std::int64_t> memory_bytes = {};

  /// Not measured but estimated from measured neighbours.
  bool interpolated() const { return samples == 0; }
};

/// What layers `first` to `last`, counted from 1, cost as one fused group.
struct GroupCost {
  int first = 1;
  int last = 1;
  Cost cost;
};

/// What a network costs on one machine, at every boundary between its layers.
/// With n layers, `head[k]` is the cost of layers 0..k-1 run as one fused group and `tail[k]` that
/// of layers k..n-1, for k in 0..n; `head[n]` and `tail[0]` are the whole network, `head[0]` and
/// `tail[n]` nothing. `layer[i]` is the cost of layer i alone, empty where single layers were not
/// measured. Entries are missing for boundaries that are no cuts. `groups` are runs of layers in
/// the middle, for plans that come back from the cloud.
struct Profile {
  std::string model_name;
  std::string model_sha256;
  std::string machine;  ///< processor and core count
  std::string engine;   ///< name and version
  int threads = 0;
  std::string precision;
  std::string hint;
  double slowdown = 1;  ///< above 1: an emulated slower device; all costs include it
  double whole_ms = 0;
  std::vector<std::string> layer_names;
  std::vector<std::optional<Cost>> head;
  std::vector<std::optional<Cost>> tail;
  std::vector<std::optional<Cost>> layer;
  std::vector<GroupCost> groups;

  std::size_t layers() const { return layer_names.size(); }
};

/// Puts a group's cost in the place of what the profile holds of it: a head or tail, or one of
/// `groups`.
void set_cost(Profile& profile, const GroupCost& group);

/// Whether every head and every tail that has a cost says what it takes in memory.
bool knows_memory(const Profile& profile);

/// Sum of the single layers' medians, where all of them were measured.
std::optional<double> sum_of_layers_ms(const Profile& profile);

/// The file format "cleave-profile/1", docs/formats/profile.md.
Json to_json(const Profile& profile);
Result<Profile> from_json(const Json& json);
Result<Profile> load(const std::filesystem::path& path);

/// Processor name and core count of this machine: "AMD EPYC, 2 cores".
std::string this_machine();

}  // namespace cleave::profile
