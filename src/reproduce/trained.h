#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::reproduce {

/// A trained network of a data folder, and what its photos go through.
struct Trained {
  std::string_view title;
  std::string_view file;
  std::string_view preprocess;
};

inline constexpr Trained kSqueezeNet{"SqueezeNet 1.1", "squeezenet1.1.onnx",
                                     "image:size=224,resize=256,mean=imagenet"};
inline constexpr Trained kResNet50v2{"ResNet-50 v2, stages 1 to 3", "resnet50v2_stage1to3.onnx",
                                     "image:size=224,resize=256,mean=imagenet"};
inline constexpr Trained kResNet56{"ResNet-56 of CIFAR-10", "resnet56_cifar10.onnx",
                                   "image:size=32,mean=imagenet"};

/// Fails as graph::Model::load().
Result<graph::Model> load_trained(const std::filesystem::path& data, const Trained& trained,
                                  engine::Engine& engine);

/// The first six of a data folder's JPEG photos by name. kNotFound when there is none.
Result<std::vector<std::string>> photos_of(const std::filesystem::path& data);

}  // namespace cleave::reproduce
