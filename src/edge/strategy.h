#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bundle/bundle.h"
#include "edge/device.h"
#include "edge/frame.h"
#include "edge/remote.h"
#include "plan/table.h"
#include "wire/types.h"

namespace cleave::edge {

/// A frame after the device's share of the work.
struct Departure {
  Frame frame;
  FrameResult result;                          ///< filled in so far
  std::optional<wire::InferRequest> request;   ///< nothing when the device has answered
  std::vector<NamedTensor> local_outputs;      ///< network outputs that were born on the device
  std::span<const TensorSpec> remote_outputs;  ///< what the server is to answer with
  double recorded_server_ms = 0;               ///< decoding and tail, where `auto` knows them
  /// Makes `request` anew as a key frame; empty where the frame is none of a stream.
  std::function<Result<void>(Departure&)> recode;
};

/// A way to answer frames.
/// Thread safety: depart() on one thread at a time, arrive() on any number beside it.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::string_view name() const = 0;
  /// What the device does before anything travels.
  virtual Result<Departure> depart(Frame frame) = 0;
  /// The rest. Blocks while the request travels.
  virtual Result<FrameResult> arrive(Departure departure) = 0;
};

/// What strategies are made from; all of it is borrowed and outlives them.
struct StrategyContext {
  const bundle::Bundle& bundle;
  Device& device;
  Clock& clock;
  Remote* remote = nullptr;                     ///< null: no server was given
  const bundle::CutEntry* cut = nullptr;        ///< null: the bundle's default
  Nanos retry_every = std::chrono::seconds(2);  ///< how often `auto` asks for a lost server
  const plan::PlanTable* table = nullptr;       ///< null: `auto` ranks anew
};

/// The cuts of a bundle that a strategy may use.
enum class Cuts { kNone, kOne, kAll };

/// A row of the table of strategies.
struct StrategyKind {
  std::string_view name;
  std::string_view help;
  bool needs_server;
  bool reads_table;
  Cuts cuts;
  /// Fails when the server cannot be reached, but for `auto`.
  Result<std::unique_ptr<Strategy>> (*make)(const StrategyContext& context);
};

/// Every strategy. The one place to add one.
std::span<const StrategyKind> strategy_kinds();
/// The strategy of this name; an error lists the names there are.
Result<const StrategyKind*> find_strategy(std::string_view name);

/// Sends the request of a departure and joins the answer with what the device knows; once more, as
/// a key frame, where the server has lost the stream. After an error the frame is still there.
Result<FrameResult> travel(const StrategyContext& context, Departure& departure);

std::unique_ptr<Strategy> make_device_strategy(const StrategyContext& context);
/// These two need a server but do not ask whether it is there.
std::unique_ptr<Strategy> make_cloud_strategy(const StrategyContext& context);
std::unique_ptr<Strategy> make_split_strategy(const StrategyContext& context,
                                              const bundle::CutEntry& cut);
/// Plans each frame anew, or looks it up in the table; answers on the device where the server does
/// not. See auto_strategy.cpp. Fails as look_up().
Result<std::unique_ptr<Strategy>> make_auto_strategy(const StrategyContext& context);

}  // namespace cleave::edge
