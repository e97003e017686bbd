#pragma once

#include <string_view>

#include "graph/model.h"
#include "profile/profile.h"

namespace cleave::reproduce {

/// A graphics processor as its data sheet's peaks.
struct Gpu {
  std::string_view name;
  double macs_per_ms = 0;
  double bytes_per_ms = 0;  ///< of its memory
};

/// 256 cores (thesis 2.3.2), 1.30 GHz, 59.7 GB/s: the last two by NVIDIA's data sheet.
inline constexpr Gpu kJetsonTx2{"Jetson TX2, modelled", 256 * 1.30e6, 59.7e6};
/// 2880 cores, 745 MHz, 288 GB/s, all by NVIDIA's data sheet.
inline constexpr Gpu kTeslaK40c{"Tesla K40C, modelled", 2880 * 0.745e6, 288e6};

/// What AlexNet takes on the thesis's server: figure 2.12's text has 93 % and 81 % of cloud-only's
/// time as communication on 4G and Wi-Fi; 150,528 bytes up, an 8-bit picture of 224x224, take 205.8
/// and 63.8 ms there, which leaves 15.5 and 15.0 ms. (3G's 99 % says 5 to 17 ms.)
///
/// The device's peaks are 6.4 times smaller than the server's in products and 4.8 times in memory,
/// which makes AlexNet 5.3 times as slow. The thesis has "more than one order of magnitude"
/// (2.3.2), and mobile-only faster than cloud-only on Wi-Fi (2.4.1): by the shares above both
/// cannot be, and 5.3 is as near to the second as a percent. Chapter 3's 15.7 ms for ResNet-50 on
/// the same device are of other software: the model has 183 ms.
inline constexpr double kAlexNetOnServerMs = 15.2;

/// What chapters 3 and 4 state of the same device with another library (TensorRT, 16-bit floats):
/// mobile-only of ResNet-50 (table 3.5) and of VGG-19 (table 4.2).
inline constexpr double kResNet50OnTx2Ms = 15.7;
inline constexpr double kVgg19OnTx2Ms = 45.3;
/// Of their server, a GeForce GTX 1080 Ti: "almost 30x more computing power" (3.3.1, 4.3.1).
inline constexpr double kGtx1080TiSpeedup = 30;

/// The time that each layer needs at the peaks: that of its multiply-accumulates or that of moving
/// its weights, inputs and outputs as 32-bit floats, whichever is longer. Ms, by layer.
std::vector<double> peak_ms(const graph::Model& model, const Gpu& gpu);

/// The share of its peaks that a processor reaches where a network takes it so long.
double share_of(const graph::Model& model, const Gpu& gpu, double whole_ms);

/// The share of the peaks that makes AlexNet take kAlexNetOnServerMs on the server. The device is
/// taken to reach the same share of its own.
double reached_share(const graph::Model& alexnet);

/// Costs of every head, tail and layer of a network on a processor that reaches `share` of its
/// peaks. Nothing was measured: every cost says that it is an estimate.
profile::Profile modelled_profile(const graph::Model& model, const Gpu& gpu, double share);

}  // namespace cleave::reproduce
