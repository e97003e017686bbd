#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bundle/bundle.h"
#include "bundle/cut_stream.h"
#include "data/picture_codec.h"
#include "edge/frame.h"
#include "engine/engine.h"
#include "engine/slowed_session.h"

namespace cleave::edge {

struct DeviceOptions {
  int threads = 1;
  engine::Precision precision = engine::Precision::kF32;
  double slowdown = 1;  ///< above 1: an emulated slower device
  /// How photos are sent whole; nothing: as the bundle says, else as PictureCodec().
  std::optional<data::PictureCodec> picture;
  /// Frames follow each other: what crosses a cut is coded as what changed since the last one.
  bool stream = false;
};

/// A value and when the device worked on it.
template <class T>
struct Timed {
  T value;
  Span span;
};

/// The local half of a bundle: the whole network, and the head and codec of each cut.
/// Does one thing at a time, as a device with one processor would; callers wait for each other.
/// Networks are compiled when first asked for, outside of the measured spans, and a head is run on
/// its check vector first. An emulated slowdown stretches networks and codecs alike.
/// Thread-safe. Bundle, engine and clock are borrowed.
class Device {
 public:
  Device(const bundle::Bundle& bundle, engine::Engine& engine, Clock& clock,
         const DeviceOptions& options);

  /// The whole network: inputs and outputs in its own order.
  Result<Timed<std::vector<Tensor>>> run_whole(std::span<const Tensor> inputs);
  /// The head of a cut of this bundle: the network's inputs to CutEntry::head_outputs.
  Result<Timed<std::vector<NamedTensor>>> run_head(const bundle::CutEntry& cut,
                                                   std::span<const Tensor> inputs);
  /// One packet per crossing value, taken from the head's outputs and the network's inputs. With
  /// DeviceOptions::stream one of a stream's, and kInvalidArgument where the cut's codecs code
  /// none.
  Result<Timed<std::vector<std::string>>> encode(const bundle::CutEntry& cut,
                                                 std::span<const Tensor> inputs,
                                                 std::span<const NamedTensor> head_outputs);
  /// Makes the next packets of every cut key frames: for a server that has lost the stream, or
  /// where frames no longer follow each other. Nothing without DeviceOptions::stream.
  void request_key_frames();
  /// A photo as the server takes it. Errors: those of data::PictureCodec.
  Result<Timed<std::string>> encode_picture(const data::Image& picture);

  double slowdown() const { return slowdown_.factor(); }
  bool streams() const { return options_.stream; }

 private:
  struct Head {
    std::unique_ptr<engine::Session> session;
    bundle::CutCodec codec;
    std::optional<bundle::CutStreamEncoder> stream;
  };
  Result<engine::Session*> whole();
  Result<const data::PictureCodec*> picture_codec();
  Result<Head*> head(const bundle::CutEntry& cut);
  Result<std::unique_ptr<engine::Session>> compile(const bundle::FileEntry& file);
  template <class Work>
  auto timed(Work&& work) -> Result<Timed<typename std::invoke_result_t<Work>::value_type>>;

  const bundle::Bundle& bundle_;
  engine::Engine& engine_;
  Clock& clock_;
  DeviceOptions options_;
  engine::Slowdown slowdown_;
  std::mutex mutex_;
  std::unique_ptr<engine::Session> whole_;
  std::map<std::string, Head> heads_;  // by cut id
};

}  // namespace cleave::edge
