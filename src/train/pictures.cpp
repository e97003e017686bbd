#include "train/pictures.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/random.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.pictures";
constexpr double kMostBytes = 4.0 * (1ULL << 30);
constexpr std::size_t kAhead = 3;

/// A window of the picture's size out of the picture with `border` black pixels around it.
data::Image shifted(const data::Image& image, int border, Random& random) {
  const auto span = 2 * static_cast<std::uint64_t>(border) + 1;
  const int dx = static_cast<int>(random.below(span)) - border;
  const int dy = static_cast<int>(random.below(span)) - border;
  data::Image result(image.width, image.height);
  const int left = std::max(0, -dx);
  const int right = std::min(image.width, image.width - dx);
  if (right <= left) return result;
  for (int y = std::max(0, -dy); y < std::min(image.height, image.height - dy); ++y)
    std::memcpy(result.pixel(left, y), image.pixel(left + dx, y + dy),
                3 * static_cast<std::size_t>(right - left));
  return result;
}

data::Image mirrored(const data::Image& image) {
  data::Image result(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      std::memcpy(result.pixel(x, y), image.pixel(image.width - 1 - x, y), 3);
  return result;
}

}  // namespace

Result<PictureStore> PictureStore::load(const data::Dataset& set,
                                        std::span<const std::size_t> which,
                                        const data::Preprocess& preprocess) {
  PictureStore store(preprocess);
  if (set.classes().empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "pictures without labels, expected classes");
  const double bytes =
      3.0 * preprocess.width() * preprocess.height() * static_cast<double>(which.size());
  if (bytes > kMostBytes)
    return fail(ErrorCode::kResourceExhausted, kPlace,
                std::to_string(which.size()) + " pictures take " +
                    std::to_string(static_cast<std::int64_t>(bytes)) + " bytes, expected at most " +
                    std::to_string(static_cast<std::int64_t>(kMostBytes)));
  store.images_.resize(which.size());
  store.labels_.resize(which.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Result<void> outcome;
  const auto work = [&] {
    for (std::size_t i = next++; i < which.size(); i = next++) {
      auto picture = set.picture(which[i]);
      if (picture) {
        store.images_[i] = preprocess.picture(*picture);
        store.labels_[i] = *set.label(which[i]);
        continue;
      }
      const std::lock_guard lock(mutex);
      outcome = std::unexpected(std::move(picture).error());
      next = which.size();
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t)
    threads.emplace_back(work);
  threads.clear();
  CLEAVE_CHECK(std::move(outcome));
  return store;
}

BatchLoader::BatchLoader(const PictureStore& store, std::vector<std::size_t> order,
                         std::size_t batch_size, Augmentation augmentation, std::uint64_t seed,
                         bool whole)
    : store_(store),
      order_(std::move(order)),
      batch_size_(batch_size),
      augmentation_(augmentation),
      seed_(seed),
      end_(whole ? order_.size() - order_.size() % batch_size : order_.size()) {
  while (ahead_.size() < kAhead && started_ < end_) start_next();
}

void BatchLoader::start_next() {
  const std::size_t first = started_;
  const std::size_t count = std::min(batch_size_, end_ - first);
  started_ += count;
  ahead_.push_back(
      std::async(std::launch::async, [this, first, count] { return make(first, count); }));
}

std::optional<Batch> BatchLoader::next() {
  if (ahead_.empty()) return std::nullopt;
  const auto begin = std::chrono::steady_clock::now();
  Batch batch = ahead_.front().get();
  waited_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ahead_.pop_front();
  if (started_ < end_) start_next();
  return batch;
}

Batch BatchLoader::make(std::size_t first, std::size_t count) const {
  Shape shape = store_.preprocess().shape();
  const auto each = static_cast<std::size_t>(element_count(shape).value());
  shape[0] = static_cast<std::int64_t>(count);
  Batch batch{at::empty(shape, at::kFloat),
              at::empty({static_cast<std::int64_t>(count)}, at::kLong)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = order_[first + i];
    // Mixed once more: seeds that differ by little have streams that overlap.
    Random random(Random(seed_ ^ (place + 1)).next());
    data::Image image = store_.image(place);
    if (augmentation_.crop > 0) image = shifted(image, augmentation_.crop, random);
    if (augmentation_.flip && random.below(2) == 1) image = mirrored(image);
    const Tensor tensor = store_.preprocess().apply(image);
    std::memcpy(batch.pictures.data_ptr<float>() + i * each, tensor.bytes().data(),
                tensor.byte_size());
    batch.labels.data_ptr<std::int64_t>()[i] = store_.label(place);
  }
  return batch;
}

}  // namespace cleave::train
