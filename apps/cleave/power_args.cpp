#include "power_args.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "profile/rapl.h"

namespace cleave::app {

CLI::Option* add_power_arg(CLI::App& command, std::string& power) {
  std::string help = "what the device draws while it computes (energy is modelled)";
  for (const plan::PowerSource& source : plan::power_sources())
    help += fmt::format("\n  {}: {}", source.form, source.help);
  return command.add_option("--power", power, help)->capture_default_str();
}

Result<double> measure_power_mw(engine::Engine& engine, std::string onnx_bytes,
                                const engine::EngineOptions& options,
                                std::span<const Tensor> inputs) {
  const auto counters = CLEAVE_TRY(profile::RaplCounters::open());
  const auto session = CLEAVE_TRY(engine.compile(std::move(onnx_bytes), options));
  SteadyClock clock;
  const auto run_once = [&]() -> Result<void> {
    CLEAVE_TRY(session->run(inputs));
    return {};
  };
  return profile::measure_power_mw(counters, run_once, clock);
}

std::string computing_text(const plan::EnergyModel& model) {
  return fmt::format("constant {:.0f} mW computing ({})", model.compute_mw, model.source);
}

std::string energy_text(const plan::EnergyModel& model, const Link& link) {
  const RadioPower& radio = link.radio;
  const std::string tail = radio.tail_mj() > 0 ? fmt::format("radio tail {:g} ms at {:g} mW",
                                                             radio.tail_ms, radio.tail_mw)
                                               : "no radio tail";
  return fmt::format("energy is modelled: {}, radio {:.0f} mW up and {:.0f} mW down, {}",
                     computing_text(model), radio.up_mw(link.up_mbps),
                     radio.down_mw(link.down_mbps), tail);
}

std::string server_text(const plan::Problem& problem) {
  if (!problem.energy.server_speedup) return {};
  return fmt::format(
      "the server of {} is almost {:g} times as fast as it (thesis 3.3.1); here the cloud runs the "
      "whole network {:.1f} times as fast as the device\n",
      problem.energy.power, *problem.energy.server_speedup,
      problem.device.whole_ms / problem.cloud.whole_ms);
}

}  // namespace cleave::app
