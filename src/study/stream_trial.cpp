#include "study/stream_trial.h"

#include <algorithm>
#include <cstring>

#include "base/spec.h"
#include "codec/packet.h"
#include "codec/stream.h"
#include "data/film.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.stream";

/// The packets of one frame, one for each crossing value.
using Packets = std::vector<Bytes>;
using Tensors = std::vector<Tensor>;

/// Both ends of a way to send frames.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual Result<Packets> encode(std::span<const Tensor> values) = 0;
  virtual Result<Tensors> decode(std::span<const Bytes> packets) = 0;
};

class StillSender final : public Sender {
 public:
  StillSender(std::span<const codec::Codec> codecs, std::span<const Tensor> like)
      : codecs_(codecs), like_(like) {}

  Result<Packets> encode(std::span<const Tensor> values) override {
    Packets packets;
    for (std::size_t v = 0; v < values.size(); ++v)
      packets.push_back(CLEAVE_TRY(codec::encode_bound(codecs_[v], values[v])));
    return packets;
  }

  Result<Tensors> decode(std::span<const Bytes> packets) override {
    Tensors values;
    for (std::size_t v = 0; v < packets.size(); ++v)
      values.push_back(CLEAVE_TRY(
          codec::decode_bound(codecs_[v], packets[v], like_[v].dtype(), like_[v].shape())));
    return values;
  }

 private:
  std::span<const codec::Codec> codecs_;
  std::span<const Tensor> like_;
};

/// Decoders of all values' streams, which keep step: they see the same frames.
class Decoders {
 public:
  static Result<Decoders> create(std::span<const codec::Codec> codecs,
                                 std::span<const Tensor> like) {
    Decoders decoders;
    for (std::size_t v = 0; v < codecs.size(); ++v)
      decoders.streams_.push_back(
          CLEAVE_TRY(codec::StreamDecoder::create(codecs[v], like[v].dtype(), like[v].shape())));
    return decoders;
  }

  Result<Tensors> decode(std::span<const Bytes> packets) {
    Tensors values;
    for (std::size_t v = 0; v < packets.size(); ++v)
      values.push_back(CLEAVE_TRY(streams_[v].decode(packets[v])));
    return values;
  }

 private:
  std::vector<codec::StreamDecoder> streams_;
};

class Encoders {
 public:
  static Result<Encoders> create(std::span<const codec::Codec> codecs,
                                 std::span<const Tensor> like) {
    Encoders encoders;
    for (std::size_t v = 0; v < codecs.size(); ++v)
      encoders.streams_.push_back(
          CLEAVE_TRY(codec::StreamEncoder::create(codecs[v], like[v].dtype(), like[v].shape())));
    return encoders;
  }

  Result<Packets> encode(std::span<const Tensor> values) {
    Packets packets;
    for (std::size_t v = 0; v < values.size(); ++v)
      packets.push_back(CLEAVE_TRY(streams_[v].encode(values[v])));
    return packets;
  }

  void request_key_frames() {
    for (codec::StreamEncoder& stream : streams_) stream.request_key_frame();
  }

 private:
  std::vector<codec::StreamEncoder> streams_;
};

class StreamSender final : public Sender {
 public:
  StreamSender(Encoders encoders, Decoders decoders)
      : encoders_(std::move(encoders)), decoders_(std::move(decoders)) {}
  Result<Packets> encode(std::span<const Tensor> values) override {
    return encoders_.encode(values);
  }
  Result<Tensors> decode(std::span<const Bytes> packets) override {
    return decoders_.decode(packets);
  }

 private:
  Encoders encoders_;
  Decoders decoders_;
};

Result<std::unique_ptr<Sender>> make_sender(const CutTrial& trial,
                                            std::span<const codec::Codec> codecs,
                                            FrameCoding coding) {
  if (coding == FrameCoding::kStill) return std::make_unique<StillSender>(codecs, trial.values(0));
  return std::make_unique<StreamSender>(CLEAVE_TRY(Encoders::create(codecs, trial.values(0))),
                                        CLEAVE_TRY(Decoders::create(codecs, trial.values(0))));
}

double size_of(const Packets& packets) {
  double bytes = 0;
  for (const Bytes& packet : packets) bytes += static_cast<double>(packet.size());
  return bytes;
}

/// Does the frame stand alone?
Result<bool> is_key(const Packets& packets, FrameCoding coding) {
  if (coding == FrameCoding::kStill) return true;
  return CLEAVE_TRY(codec::peek_stream(packets.front())).key;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return summarize(values).mean;
}

bool same(const Tensors& a, const Tensors& b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) {
    return std::ranges::equal(x.bytes(), y.bytes());
  });
}

}  // namespace

std::string_view frame_coding_name(FrameCoding coding) {
  switch (coding) {
    case FrameCoding::kStill:
      return "still";
    case FrameCoding::kIntra:
      return "intra";
    case FrameCoding::kInter:
      return "inter";
  }
  return "";
}

std::vector<FrameCoding> codings_of(const codec::Codec& codec) {
  const auto stages = parse_specs(codec.spec());
  const bool video = stages && (stages->back().name == "h264" || stages->back().name == "h265");
  if (video) return {FrameCoding::kIntra, FrameCoding::kInter};
  return {FrameCoding::kStill};
}

Result<std::string> with_gop(std::string_view spec, int gop) {
  std::vector<Spec> stages = CLEAVE_TRY(parse_specs(spec));
  auto& settings = stages.back().settings;
  std::erase_if(settings, [](const auto& setting) { return setting.first == "gop"; });
  settings.emplace_back("gop", std::to_string(gop));
  return specs_to_string(stages);
}

Result<FilmFrames> load_film(const std::filesystem::path& path, const data::Preprocess& preprocess,
                             std::size_t limit, std::int64_t max_bytes) {
  data::Film film = CLEAVE_TRY(data::Film::open(path));
  FilmFrames frames{film.width(), film.height(), {}};
  std::int64_t bytes = 0;
  while (frames.inputs.size() < limit) {
    const auto image = CLEAVE_TRY(about("'" + path.string() + "'", film.next()));
    if (!image) break;
    frames.inputs.push_back({preprocess.apply(*image)});
    bytes += static_cast<std::int64_t>(frames.inputs.back().front().byte_size());
    if (bytes > max_bytes) {
      return fail(ErrorCode::kResourceExhausted, kPlace,
                  "'" + path.string() + "': " + std::to_string(frames.inputs.size()) +
                      " frames take " + std::to_string(bytes) +
                      " bytes as inputs, expected at most " + std::to_string(max_bytes));
    }
  }
  if (!frames.inputs.empty()) return frames;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + path.string() + "' has no pictures, expected one or more");
}

Result<StreamScore> send_film(CutTrial& trial, std::span<const codec::Codec> codecs,
                              FrameCoding coding, Clock& clock) {
  const auto sender = CLEAVE_TRY(make_sender(trial, codecs, coding));
  std::vector<double> encode_ms;
  std::vector<double> decode_ms;
  std::vector<double> key_bytes;
  std::vector<double> change_bytes;
  Accuracy accuracy;
  for (std::size_t i = 0; i < trial.size(); ++i) {
    const Nanos start = clock.now();
    const Packets packets = CLEAVE_TRY(sender->encode(trial.values(i)));
    const Nanos encoded = clock.now();
    const Tensors values = CLEAVE_TRY(sender->decode(packets));
    decode_ms.push_back(to_ms(clock.now() - encoded));
    encode_ms.push_back(to_ms(encoded - start));
    (CLEAVE_TRY(is_key(packets, coding)) ? key_bytes : change_bytes).push_back(size_of(packets));
    const Tensor answer = CLEAVE_TRY(trial.tail(0, values));
    accuracy.add(CLEAVE_TRY(trial.judge().judge(i, answer)));
  }
  StreamScore score{.coding = coding,
                    .key_bytes = mean_of(key_bytes),
                    .change_bytes = mean_of(change_bytes),
                    .encode_ms = summarize(encode_ms),
                    .decode_ms = summarize(decode_ms),
                    .accuracy = accuracy.report()};
  key_bytes.insert(key_bytes.end(), change_bytes.begin(), change_bytes.end());
  score.bytes_per_frame = mean_of(key_bytes).value_or(0);
  return score;
}

Result<Recovery> lose_packet(const CutTrial& trial, std::span<const codec::Codec> codecs,
                             const Loss& loss) {
  if (loss.frame >= trial.size()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "frame " + std::to_string(loss.frame) + " is to be lost, expected one of 0 to " +
                    std::to_string(trial.size() - 1));
  }
  Encoders encoders = CLEAVE_TRY(Encoders::create(codecs, trial.values(0)));
  Decoders decoders = CLEAVE_TRY(Decoders::create(codecs, trial.values(0)));
  std::optional<Decoders> fresh;
  std::optional<std::size_t> request_arrives;
  Recovery recovery;
  for (std::size_t i = 0; i < trial.size(); ++i) {
    if (request_arrives == i) encoders.request_key_frames();
    const Packets packets = CLEAVE_TRY(encoders.encode(trial.values(i)));
    if (i == loss.frame) {
      ++recovery.lost_frames;
      continue;
    }
    const auto values = decoders.decode(packets);
    if (!values) {
      if (values.error().code != ErrorCode::kOutOfSync) return std::unexpected(values.error());
      ++recovery.lost_frames;
      if (!request_arrives) request_arrives = i + 1 + loss.request_frames;
      continue;
    }
    if (i < loss.frame) continue;
    if (!fresh) {
      fresh = CLEAVE_TRY(Decoders::create(codecs, trial.values(0)));
      recovery.key_bytes = size_of(packets);
    }
    const Tensors expected = CLEAVE_TRY(fresh->decode(packets));
    ++recovery.decoded_frames;
    if (!same(*values, expected)) ++recovery.differing_frames;
  }
  if (fresh) return recovery;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "the film ends " + std::to_string(trial.size() - 1 - loss.frame) +
                  " frames behind the lost one, before a key frame could mend it");
}

}  // namespace cleave::study
