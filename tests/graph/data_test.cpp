// Real networks: all load, and their halves are valid.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "graph/check.h"
#include "graph/model.h"

namespace cleave::graph {
namespace {

namespace fs = std::filesystem;

fs::path data_folder() {
  const char* set = std::getenv("CLEAVE_DATA");
  return set != nullptr ? fs::path(set) : fs::path(CLEAVE_SOURCE_DIR) / "../shared/data";
}

TEST(Data, EveryNetworkIsCut) {
  const fs::path models = data_folder() / "models";
  if (!fs::exists(models)) GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  int networks = 0;
  for (const auto& entry : fs::recursive_directory_iterator(models)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().string());
    const auto model = Model::load(entry.path());
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_FALSE(model->layers().empty());
    EXPECT_FALSE(model->cuts().empty());
    EXPECT_GT(model->totals().macs, 0);
    // Taking apart every cut of every network takes long; each eighth still meets every kind.
    expect_sound(*model, 8);
    ++networks;
  }
  EXPECT_GE(networks, 20);
}

TEST(Data, SqueezeNetCountsAsPublished) {
  const fs::path path = data_folder() / "models/squeezenet1.1.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  const Model model = Model::load(path).value();
  // The published network has 1,235,496 parameters and 349 million multiply-accumulates; two
  // constants more are the dimensions that its last Reshape reads.
  EXPECT_EQ(model.totals().parameters, 1'235'496 + 2);
  EXPECT_NEAR(static_cast<double>(model.totals().macs), 349e6, 1e6);
  EXPECT_EQ(model.layers().front().op, "Conv+Relu");
  EXPECT_EQ(model.cuts().front().bytes, 64 * 111 * 111 * 4);
}

}  // namespace
}  // namespace cleave::graph
