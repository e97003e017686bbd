#include "edge/frame_reader.h"

#include "data/npy.h"
#include "engine/engine.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kPlace = "edge.input";

/// The error with the file's name before its message, unless it has it already.
std::unexpected<Error> about(const data::InputItem& item, Error error) {
  const std::string path = item.path.string();
  if (!error.message.contains(path)) error.message = "'" + path + "': " + error.message;
  return std::unexpected(std::move(error));
}

bool is_film(const data::InputItem& item) { return item.kind == data::InputKind::kFilm; }
bool is_picture(const data::InputItem& item) { return item.kind != data::InputKind::kTensor; }

}  // namespace

Result<FrameReader> FrameReader::create(const bundle::Manifest& manifest,
                                        std::span<const data::InputItem> items, int warmup,
                                        int repeat, Clock& clock) {
  if (manifest.inputs.empty()) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "network '" + manifest.model_name + "' has no inputs, expected one or more");
  }
  FrameReader reader(manifest, clock);
  if (!manifest.preprocess.empty())
    reader.preprocess_ = CLEAVE_TRY(data::Preprocess::parse(manifest.preprocess));
  for (std::size_t at = 0; at < items.size();) {
    const bool picture = is_picture(items[at]);
    const std::size_t files = picture ? 1 : manifest.inputs.size();
    const Group group = items.subspan(at, std::min(files, items.size() - at));
    const auto tensors = std::ranges::count_if(group, [](const auto& i) { return !is_picture(i); });
    if (picture && !reader.preprocess_) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + items[at].path.string() +
                      "' holds pictures, and the bundle has no preprocessing: expected .npy");
    }
    if (!picture && static_cast<std::size_t>(tensors) != files) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + items[at].path.string() + "' is followed by " +
                      std::to_string(tensors - 1) + " .npy files, expected " +
                      std::to_string(files - 1) + ": the network has " + std::to_string(files) +
                      " inputs");
    }
    reader.groups_.push_back(group);
    at += files;
  }
  if (reader.groups_.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no input was given, expected one or more");
  reader.warmup_left_ = static_cast<std::size_t>(warmup);
  reader.groups_left_ = reader.groups_.size() * static_cast<std::size_t>(repeat);
  return reader;
}

Result<std::optional<Frame>> FrameReader::next() {
  const bool warmup = warmup_left_ > 0;
  if (warmup) --warmup_left_;
  std::optional<Frame> frame;
  while (!frame && groups_left_ > 0) {
    frame = CLEAVE_TRY(next_of_group());
    if (warmup) {
      film_.reset();  // from its beginning again
      break;
    }
    if (frame && film_) break;
    --groups_left_;
    group_ = (group_ + 1) % groups_.size();
  }
  if (!frame) return std::nullopt;
  frame->index = warmup ? 0 : index_++;
  frame->warmup = warmup;
  return frame;
}

/// Nothing behind a film's last.
Result<std::optional<Frame>> FrameReader::next_of_group() {
  const Group group = groups_[group_];
  if (!is_film(group.front())) return read(group);
  auto frame = next_of_film(group.front());
  if (!frame) return about(group.front(), std::move(frame).error());
  return frame;
}

Result<std::optional<Frame>> FrameReader::next_of_film(const data::InputItem& item) {
  Frame frame;
  frame.prepare.start = clock_->now();
  if (!film_) {
    film_ = CLEAVE_TRY(data::Film::open(item.path));
    picture_ = 0;
  }
  const auto image = CLEAVE_TRY(film_->next());
  if (!image) {
    film_.reset();
    if (picture_ > 0) return std::nullopt;
    return fail(ErrorCode::kInvalidArgument, kPlace, "no pictures, expected one or more");
  }
  frame.name = item.path.filename().string() + ":" + std::to_string(picture_++);
  frame.picture = preprocess_->picture(*image);
  frame.inputs.push_back(preprocess_->apply(*frame.picture));
  CLEAVE_CHECK(engine::check_inputs(manifest_->inputs, frame.inputs));
  frame.prepare.end = clock_->now();
  return frame;
}

Result<Frame> FrameReader::read(Group group) const {
  Frame frame;
  frame.name = group.front().path.filename().string();
  frame.prepare.start = clock_->now();
  for (const data::InputItem& item : group) {
    if (is_picture(item)) {
      auto image = data::load_image(item.path);
      if (!image) return about(item, std::move(image).error());
      frame.picture = preprocess_->picture(*image);
      frame.inputs.push_back(preprocess_->apply(*frame.picture));
    } else {
      auto tensor = data::read_npy(item.path);
      if (!tensor) return about(item, std::move(tensor).error());
      frame.inputs.push_back(*std::move(tensor));
    }
  }
  if (auto fits = engine::check_inputs(manifest_->inputs, frame.inputs); !fits)
    return about(group.front(), std::move(fits).error());
  frame.prepare.end = clock_->now();
  return frame;
}

}  // namespace cleave::edge
