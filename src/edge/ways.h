#pragma once

#include <optional>
#include <vector>

#include "bundle/manifest.h"
#include "plan/cost_model.h"

namespace cleave::edge {

/// What the ways that a bundle offers cost on this device and its server, apart from the link.
/// Encoding times are those of the device without its emulated slowdown, all others with it.
struct WayCosts {
  double device_ms = 0;
  double cloud_ms = 0;
  plan::CodecCost input;               ///< as cloud-only sends it
  std::vector<bundle::CutCosts> cuts;  ///< in the order of Manifest::cuts
};

/// What the manifest's plan knew, brought to this device's slowdown; nothing unless it knew all of
/// it. `as_picture`: is the input sent as a picture or as plain tensors?
std::optional<WayCosts> costs_from_manifest(const bundle::Manifest& manifest, double slowdown,
                                            bool as_picture);

/// What the server is recorded to take for a way, as ways are counted below: decoding and tail; 0
/// for device-only.
double recorded_server_ms(const WayCosts& costs, std::size_t way);

/// A problem for plan::rank_cuts() whose layers are the stretches between the bundle's cuts:
/// boundary 0 is cloud-only, boundary i the i-th cut of the manifest, the last one device-only.
plan::Problem make_problem(const bundle::Manifest& manifest, const WayCosts& costs, double slowdown,
                           const Link& link);

}  // namespace cleave::edge
