#include "edge/trace.h"

#include <algorithm>
#include <map>
#include <vector>

namespace cleave::edge {
namespace {

/// Where a stage is drawn.
struct Track {
  Stage stage;
  int process;
  std::string_view thread;
};

constexpr std::array<std::string_view, 4> kProcesses{"", "device", "link (estimated)", "server"};
constexpr std::array<Track, kStageCount> kTracks{{
    {Stage::kPrepare, 1, "prepare"},
    {Stage::kLost, 2, "lost"},
    {Stage::kHead, 1, "compute"},
    {Stage::kEncode, 1, "compute"},
    {Stage::kUp, 2, "up"},
    {Stage::kQueue, 3, "queue"},
    {Stage::kDecode, 3, "decode"},
    {Stage::kTail, 3, "tail"},
    {Stage::kDown, 2, "down"},
}};

struct Event {
  const FrameResult* frame;
  const Track* track;
  Span span;
};

/// Threads of the trace. Events on one must not overlap, so that a crowded track gets several.
class Lanes {
 public:
  /// The thread number for an event; events come in order of their start.
  int place(const Event& event) {
    std::vector<Lane>& lanes = lanes_[{event.track->process, event.track->thread}];
    const auto free = std::ranges::find_if(
        lanes, [&](const Lane& lane) { return lane.busy_until <= event.span.start; });
    if (free != lanes.end()) {
      free->busy_until = event.span.end;
      return free->thread;
    }
    lanes.push_back({event.span.end, ++threads_});
    names_.push_back(name(*event.track, lanes.size(), threads_));
    return threads_;
  }
  const Json& names() const { return names_; }

 private:
  struct Lane {
    Nanos busy_until;
    int thread;
  };

  static Json name(const Track& track, std::size_t lane, int thread) {
    std::string text(track.thread);
    if (lane > 1) text += " " + std::to_string(lane);
    return Json{{"ph", "M"},
                {"name", "thread_name"},
                {"pid", track.process},
                {"tid", thread},
                {"args", {{"name", text}}}};
  }

  std::map<std::pair<int, std::string_view>, std::vector<Lane>> lanes_;
  Json names_ = Json::array();
  int threads_ = 0;
};

std::vector<Event> events_of(std::span<const FrameRecord> records) {
  std::vector<Event> events;
  for (const FrameRecord& record : records) {
    for (const Track& track : kTracks) {
      const Span& span = record.result.stages[track.stage];
      if (span.end > Nanos(0)) events.push_back({&record.result, &track, span});
    }
  }
  std::ranges::stable_sort(events, {}, [](const Event& e) { return e.span.start; });
  return events;
}

double us(Nanos t) { return static_cast<double>(t.count()) / 1000; }

}  // namespace

std::string make_trace(std::span<const FrameRecord> records) {
  Json list = Json::array();
  for (std::size_t p = 1; p < kProcesses.size(); ++p) {
    list.push_back(Json{
        {"ph", "M"}, {"name", "process_name"}, {"pid", p}, {"args", {{"name", kProcesses[p]}}}});
  }
  const std::vector<Event> events = events_of(records);
  Lanes lanes;
  for (const Event& event : events) {
    const FrameResult& frame = *event.frame;
    list.push_back(
        Json{{"ph", "X"},
             {"name", stage_name(event.track->stage)},
             {"cat", frame.strategy},
             {"pid", event.track->process},
             {"tid", lanes.place(event)},
             {"ts", us(event.span.start - events.front().span.start)},
             {"dur", us(event.span.end - event.span.start)},
             {"args", {{"frame", frame.name}, {"index", frame.index}, {"warmup", frame.warmup}}}});
  }
  for (const Json& name : lanes.names()) list.push_back(name);
  return dump_json({{"displayTimeUnit", "ms"}, {"traceEvents", list}}) + "\n";
}

}  // namespace cleave::edge
