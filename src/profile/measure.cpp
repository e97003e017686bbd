#include "profile/measure.h"

#include <malloc.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>

#include "base/checksum.h"
#include "base/file.h"
#include "engine/intermediates.h"
#include "profile/group_memory.h"
#include "profile/interpolate.h"

namespace cleave::profile {
namespace {

constexpr std::string_view kPlace = "profile.measure";
/// Groups of a batch, and the bytes of parameters that a batch may keep compiled at once.
constexpr std::size_t kBatchGroups = 12;
constexpr std::int64_t kBatchBytes = std::int64_t{1} << 30;
/// Rounds that a batch gets even when the budget runs short: fewer make no median.
constexpr int kMinRounds = 3;

enum class Kind { kHead, kTail, kLayer, kGroup };

/// A run of layers to be measured as one group.
struct Group {
  Kind kind = Kind::kHead;
  int first = 0;
  int last = 0;

  std::size_t slot() const { return static_cast<std::size_t>(kind == Kind::kHead ? last : first); }
};

/// A compiled group with the inputs it is run on and what its runs took.
struct Running {
  Group group;
  std::unique_ptr<engine::Session> session;
  std::vector<Tensor> inputs;
  std::vector<double> ms;  ///< slowed
  double frame_ms = 0;     ///< the last run's, not slowed
  std::optional<std::int64_t> memory_bytes;
};

/// What the process holds of the allocator. Unlike its resident memory this does not depend on what
/// groups before have left behind, in pages that are used again.
std::int64_t allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

/// Cut indices so that the gaps between those already listed halve: 8 4 12 2 6 …
std::vector<int> bisecting_order(const std::vector<graph::Cut>& cuts) {
  std::vector<int> order;
  std::deque<std::pair<std::size_t, std::size_t>> ranges{{0, cuts.size()}};
  while (!ranges.empty()) {
    const auto [low, high] = ranges.front();
    ranges.pop_front();
    if (low >= high) continue;
    const std::size_t middle = low + (high - low) / 2;
    order.push_back(cuts[middle].index);
    ranges.emplace_back(low, middle);
    ranges.emplace_back(middle + 1, high);
  }
  return order;
}

class Measurer {
 public:
  Measurer(const graph::Model& model, engine::Engine& engine, const MeasureOptions& options,
           Clock& clock)
      : model_(model),
        engine_(engine),
        options_(options),
        clock_(clock),
        layers_(static_cast<int>(model.layers().size())),
        deadline_(clock.now() + from_ms(options.budget_s * 1000)) {}

  Result<Profile> run() {
    CLEAVE_CHECK(prepare());
    std::deque<Group> waiting = groups();
    const int total = static_cast<int>(waiting.size());
    while (!waiting.empty() && clock_.now() < deadline_) {
      std::vector<Running> batch = CLEAVE_TRY(compile_batch(waiting));
      CLEAVE_CHECK(run_batch(batch));
      if (options_.progress) options_.progress(total - static_cast<int>(waiting.size()), total);
    }
    finish();
    return std::move(profile_);
  }

 private:
  /// Describes the run, computes every intermediate value once and measures the whole network
  /// alone.
  Result<void> prepare() {
    std::string bytes = CLEAVE_TRY(model_.to_bytes());
    profile_.model_name = model_.name();
    profile_.model_sha256 = sha256_hex(as_bytes(bytes));
    profile_.machine = this_machine();
    profile_.engine = engine_.name();
    const int all = static_cast<int>(std::thread::hardware_concurrency());
    profile_.threads = options_.engine.threads > 0 ? options_.engine.threads : all;
    profile_.precision = engine::precision_name(options_.engine.precision);
    profile_.hint = engine::hint_name(options_.engine.hint);
    profile_.slowdown = options_.slowdown;
    for (const graph::Layer& layer : model_.layers()) profile_.layer_names.push_back(layer.name);
    profile_.head.resize(static_cast<std::size_t>(layers_) + 1);
    profile_.tail.resize(static_cast<std::size_t>(layers_) + 1);
    profile_.layer.resize(static_cast<std::size_t>(layers_));
    values_ =
        CLEAVE_TRY(engine::intermediate_values(model_, engine_, options_.engine, options_.inputs));
    whole_ = Running{Group{Kind::kHead, 0, layers_}, nullptr, options_.inputs, {}, 0, {}};
    CLEAVE_CHECK(start(whole_, std::move(bytes)));
    std::vector<Running> alone;
    return run_batch(alone);
  }

  std::deque<Group> groups() const {
    std::deque<Group> list;
    for (const auto& [first, last] : options_.groups)
      list.push_back({Kind::kGroup, first - 1, last});
    for (int k : bisecting_order(model_.cuts())) {
      if (options_.heads) list.push_back({Kind::kHead, 0, k});
      if (options_.tails) list.push_back({Kind::kTail, k, layers_});
    }
    if (options_.layers) {
      for (int i = 0; i < layers_; ++i) list.push_back({Kind::kLayer, i, i + 1});
    }
    return list;
  }

  std::int64_t parameter_bytes(const Group& group) const {
    std::int64_t bytes = 0;
    for (int i = group.first; i < group.last; ++i)
      bytes += model_.layers()[static_cast<std::size_t>(i)].parameter_bytes;
    return bytes;
  }

  Result<Running> compile(const Group& group) {
    Running running{group, nullptr, {}, {}, 0, {}};
    for (const TensorSpec& in : model_.segment(group.first, group.last).inputs) {
      const auto value = values_.find(in.name);
      if (value == values_.end())
        return fail(ErrorCode::kUnsupported, kPlace, "value '" + in.name + "' is not a tensor");
      running.inputs.push_back(value->second);
    }
    CLEAVE_CHECK(start(running, CLEAVE_TRY(model_.extract_segment(group.first, group.last))));
    return running;
  }

  /// Compiles a group and runs it once, after which it holds what it will hold from then on.
  Result<void> start(Running& running, std::string onnx_bytes) {
    // The engine lets go of the network's text. An allocator that does not even count that, as
    // under sanitizers, cannot be asked.
    const std::int64_t before_bytes =
        allocated_bytes() - static_cast<std::int64_t>(onnx_bytes.capacity());
    running.session = CLEAVE_TRY(engine_.compile(std::move(onnx_bytes), options_.engine));
    CLEAVE_CHECK(running.session->run(running.inputs));
    if (before_bytes >= 0)
      running.memory_bytes = std::max<std::int64_t>(0, allocated_bytes() - before_bytes);
    return {};
  }

  /// Takes groups off the queue until a batch is full or the budget is over.
  Result<std::vector<Running>> compile_batch(std::deque<Group>& waiting) {
    std::vector<Running> batch;
    std::int64_t bytes = 0;
    while (!waiting.empty() && batch.size() < kBatchGroups && bytes < kBatchBytes &&
           clock_.now() < deadline_) {
      const Group group = waiting.front();
      waiting.pop_front();
      auto running = compile(group);
      // A layer that only runs among others, between sequences for one, has no time of its own.
      if (!running && group.kind == Kind::kLayer) continue;
      batch.push_back(CLEAVE_TRY(std::move(running)));
      bytes += parameter_bytes(group);
    }
    return batch;
  }

  Result<double> run_ms(Running& running) {
    const Nanos start = clock_.now();
    CLEAVE_CHECK(running.session->run(running.inputs));
    return to_ms(clock_.now() - start);
  }

  /// What one frame of many takes: the group ran a moment ago and the machine rested since, for as
  /// long as the emulated device sleeps or as the caller says.
  Result<void> run_once(Running& running) {
    const double before_ms = CLEAVE_TRY(run_ms(running));
    if (running.frame_ms == 0) running.frame_ms = before_ms;
    const double sleep_ms = running.frame_ms * (options_.slowdown - 1);
    clock_.sleep_until(clock_.now() + from_ms(std::max(options_.idle_ms, sleep_ms)));
    running.frame_ms = CLEAVE_TRY(run_ms(running));
    running.ms.push_back(running.frame_ms * options_.slowdown);
    return {};
  }

  /// Runs rounds over the batch and the whole network, and records the medians.
  Result<void> run_batch(std::vector<Running>& batch) {
    whole_.ms.clear();
    std::vector<Running*> all{&whole_};
    for (Running& running : batch) all.push_back(&running);
    for (int round = 0; round < options_.rounds; ++round) {
      if (round >= kMinRounds && clock_.now() > deadline_) break;
      for (std::size_t i = 0; i < all.size(); ++i) {
        CLEAVE_CHECK(run_once(*all[(i + static_cast<std::size_t>(round)) % all.size()]));
      }
    }
    const double whole_ms = summarize(whole_.ms).median;
    whole_samples_.insert(whole_samples_.end(), whole_.ms.begin(), whole_.ms.end());
    for (const Running& running : batch)
      measured_.push_back({running.group, summarize(running.ms), whole_ms, running.memory_bytes});
    return {};
  }

  /// Corrects each batch for drift, fills the profile's slots and interpolates the gaps.
  void finish() {
    const Summary whole = summarize(whole_samples_);
    profile_.whole_ms = whole.median;
    const Cost everything{whole.median, whole.p25, whole.p75, whole.count, whole_.memory_bytes};
    Cost nothing{0, 0, 0, 1};
    if (whole_.memory_bytes) nothing.memory_bytes = 0;
    const auto n = static_cast<std::size_t>(layers_);
    profile_.head[0] = profile_.tail[n] = nothing;
    profile_.head[n] = profile_.tail[0] = everything;
    for (const Measured& m : measured_) {
      const double drift = m.whole_ms > 0 ? whole.median / m.whole_ms : 1;
      const Summary& s = m.summary;
      const Cost cost{s.median * drift, s.p25 * drift, s.p75 * drift, s.count, m.memory_bytes};
      if (m.group.kind == Kind::kGroup) {
        profile_.groups.push_back({m.group.first + 1, m.group.last, cost});
      } else {
        slots(m.group.kind)[m.group.slot()] = cost;
      }
    }
    std::vector<double> work;
    for (const graph::Layer& layer : model_.layers()) work.push_back(work_of(layer));
    std::vector<std::size_t> cuts;
    for (const graph::Cut& cut : model_.cuts()) cuts.push_back(static_cast<std::size_t>(cut.index));
    if (options_.heads) interpolate(profile_.head, work, cuts);
    if (options_.tails) interpolate(profile_.tail, work, cuts);
    if (!options_.layers) profile_.layer.clear();
    if (whole_.memory_bytes) estimate_memory(cuts);
  }

  /// Of the heads and tails that were not measured.
  void estimate_memory(const std::vector<std::size_t>& cuts) {
    const GroupMemory memory(profile_, model_);
    const auto estimate = [&](std::optional<Cost>& cost, int first, int last) {
      if (cost && !cost->memory_bytes)
        cost->memory_bytes = static_cast<std::int64_t>(memory.of(first, last));
    };
    for (const std::size_t k : cuts) {
      estimate(profile_.head[k], 1, static_cast<int>(k));
      estimate(profile_.tail[k], static_cast<int>(k) + 1, layers_);
    }
  }

  std::vector<std::optional<Cost>>& slots(Kind kind) {
    switch (kind) {
      case Kind::kHead:
        return profile_.head;
      case Kind::kTail:
        return profile_.tail;
      case Kind::kLayer:
      case Kind::kGroup:
        return profile_.layer;
    }
    return profile_.layer;
  }

  struct Measured {
    Group group;
    Summary summary;
    double whole_ms = 0;  ///< the whole network's median in the same batch
    std::optional<std::int64_t> memory_bytes;
  };

  const graph::Model& model_;
  engine::Engine& engine_;
  const MeasureOptions& options_;
  Clock& clock_;
  int layers_;
  Nanos deadline_;
  Profile profile_;
  std::map<std::string, Tensor> values_;
  Running whole_;
  std::vector<double> whole_samples_;
  std::vector<Measured> measured_;
};

std::unexpected<Error> differs(std::string_view what, const std::string& found,
                               const std::string& expected) {
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "the profile is of " + std::string(what) + " '" + found + "', and here is '" +
                  expected + "': measure the groups there");
}

}  // namespace

Result<Profile> measure(const graph::Model& model, engine::Engine& engine,
                        const MeasureOptions& options, Clock& clock) {
  if (model.layers().empty()) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "the network has no layers: nothing in it depends on its inputs");
  }
  if (options.slowdown < 1) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "slowdown is " + std::to_string(options.slowdown) + ", expected 1 or more");
  }
  const int layers = static_cast<int>(model.layers().size());
  for (const auto& [first, last] : options.groups) {
    if (first < 1 || last < first || last > layers) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "group " + std::to_string(first) + "-" + std::to_string(last) +
                      ", expected 1 <= first <= last <= " + std::to_string(layers));
    }
  }
  return Measurer(model, engine, options, clock).run();
}

Result<void> check_is_of_here(const Profile& profile, const engine::Engine& engine) {
  if (profile.machine != this_machine()) return differs("machine", profile.machine, this_machine());
  if (profile.engine != engine.name()) return differs("engine", profile.engine, engine.name());
  return {};
}

Result<void> add_groups(Profile& profile, const graph::Model& model, engine::Engine& engine,
                        MeasureOptions options, Clock& clock) {
  CLEAVE_CHECK(check_is_of_here(profile, engine));
  options.engine.threads = profile.threads;
  options.engine.precision = CLEAVE_TRY(engine::parse_precision(profile.precision));
  options.engine.hint = CLEAVE_TRY(engine::parse_hint(profile.hint));
  options.slowdown = profile.slowdown;
  options.heads = options.tails = options.layers = false;
  const Profile added = CLEAVE_TRY(measure(model, engine, options, clock));
  if (added.model_sha256 != profile.model_sha256)
    return differs("network", profile.model_sha256, added.model_sha256);
  const bool known = added.whole_ms > 0 && profile.whole_ms > 0;
  const double drift = known ? profile.whole_ms / added.whole_ms : 1;
  for (GroupCost g : added.groups) {
    g.cost = {g.cost.median_ms * drift, g.cost.p25_ms * drift, g.cost.p75_ms * drift,
              g.cost.samples, g.cost.memory_bytes};
    set_cost(profile, g);
  }
  return {};
}

}  // namespace cleave::profile
