#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/tensor.h"
#include "data/image.h"

namespace cleave::edge {

/// A stretch of time on the device's clock.
struct Span {
  Nanos start{0};
  Nanos end{0};

  double ms() const { return to_ms(end - start); }
};

/// What a frame goes through, in order of time.
enum class Stage {
  kPrepare,  ///< decoding and resizing the photo, or reading the tensor; no part of the latency
  kLost,     ///< an attempt that came to nothing, before the device answered or a key frame went
  kHead,     ///< the head, or the whole network, on the device
  kEncode,   ///< packets, a picture, or plain copies
  kUp,       ///< estimated: what the network took, less `down`
  kQueue,    ///< as the server says
  kDecode,   ///< as the server says
  kTail,     ///< as the server says: the tail, or the whole network, in the cloud
  kDown,     ///< estimated: half the smallest round trip, and the answer at the link's rate
};
inline constexpr std::size_t kStageCount = 9;
std::string_view stage_name(Stage stage);

/// When each stage was; an empty span for one that was not.
class Stages {
 public:
  Span& operator[](Stage stage) { return spans_[static_cast<std::size_t>(stage)]; }
  const Span& operator[](Stage stage) const { return spans_[static_cast<std::size_t>(stage)]; }

 private:
  std::array<Span, kStageCount> spans_;
};

/// One input of the network on its way in.
struct Frame {
  std::size_t index = 0;
  std::string name;
  bool warmup = false;
  std::vector<Tensor> inputs;          ///< in the network's order
  std::optional<data::Image> picture;  ///< what `inputs` were made from, at the network's size
  Span prepare;
};

/// The network's answer to a frame, and what it took.
struct FrameResult {
  std::size_t index = 0;
  std::string name;
  bool warmup = false;
  std::string strategy;         ///< what gave the answer: "device", "cloud" or "split"
  std::string cut;              ///< its id; empty unless split
  std::string fallback;         ///< why the device answered though a server was wanted; else empty
  std::vector<Tensor> outputs;  ///< in the network's order
  Stages stages;
  /// From the moment the device takes the prepared input up until the outputs are there. Waiting
  /// between the stages is in here and in none of them.
  Span latency;
  /// Message bytes of the request, framing included; of one that the server refused before, for
  /// want of an earlier frame, the packets alone.
  std::size_t bytes_up = 0;
  std::size_t bytes_down = 0;
};

}  // namespace cleave::edge
