#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <vector>

#include "data/dataset.h"
#include "data/preprocess.h"
#include "train/aten.h"
#include "train/train_options.h"

namespace cleave::train {

/// Labelled pictures at a network's input size, decoded into memory. Immutable and thread-safe.
class PictureStore {
 public:
  /// Decodes these pictures of a set, on every processor. Errors: those of the set;
  /// kInvalidArgument where it has no labels, and kResourceExhausted above 4 GiB.
  static Result<PictureStore> load(const data::Dataset& set, std::span<const std::size_t> which,
                                   const data::Preprocess& preprocess);

  std::size_t size() const { return images_.size(); }
  const data::Image& image(std::size_t i) const { return images_[i]; }
  int label(std::size_t i) const { return labels_[i]; }
  const data::Preprocess& preprocess() const { return preprocess_; }

 private:
  explicit PictureStore(data::Preprocess preprocess) : preprocess_(preprocess) {}

  data::Preprocess preprocess_;
  std::vector<data::Image> images_;
  std::vector<int> labels_;
};

/// Pictures of one batch as the network takes them, N×C×H×W floats, and their labels.
struct Batch {
  at::Tensor pictures;
  at::Tensor labels;
};

/// The batches of a pass over a store, made ahead on other threads. The same seed gives the same
/// batches, whatever the threads do.
class BatchLoader {
 public:
  /// `order` are places in the store, which has to outlive the loader. A last batch of fewer
  /// pictures is left out where `whole`.
  BatchLoader(const PictureStore& store, std::vector<std::size_t> order, std::size_t batch_size,
              Augmentation augmentation, std::uint64_t seed, bool whole);

  /// Nothing behind the last one.
  std::optional<Batch> next();
  /// Seconds that next() has waited for batches that were not ready.
  double waited_s() const { return waited_s_; }

 private:
  void start_next();
  Batch make(std::size_t first, std::size_t count) const;

  const PictureStore& store_;
  std::vector<std::size_t> order_;
  std::size_t batch_size_;
  Augmentation augmentation_;
  std::uint64_t seed_;
  std::size_t end_;
  std::size_t started_ = 0;
  double waited_s_ = 0;
  std::deque<std::future<Batch>> ahead_;
};

}  // namespace cleave::train
