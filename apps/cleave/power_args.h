#pragma once

#include <span>
#include <string>

#include "engine/engine.h"
#include "plan/cost_model.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cleave::app {

/// Adds --power SPEC, to the verbs that print energy; `power` holds the default.
CLI::Option* add_power_arg(CLI::App& command, std::string& power);

/// Measures for about two seconds what this machine draws, in mW, while it runs a network. Errors:
/// those of the engine, and kNotFound or kIo where there are no energy counters to read.
Result<double> measure_power_mw(engine::Engine& engine, std::string onnx_bytes,
                                const engine::EngineOptions& options,
                                std::span<const Tensor> inputs);

/// "constant 1306 mW computing (thesis table 3.5, …)"
std::string computing_text(const plan::EnergyModel& model);
/// "energy is modelled: …", with the power of the link's radio and its tail.
std::string energy_text(const plan::EnergyModel& model, const Link& link);
/// How the described device's server and the cloud of this problem compare, as a line; empty where
/// nothing is known of the former.
std::string server_text(const plan::Problem& problem);

}  // namespace cleave::app
