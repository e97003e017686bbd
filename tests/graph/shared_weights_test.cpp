// Weights in a file of their own: each once, and the networks come back as they were.
#include "graph/shared_weights.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "graph/builder.h"
#include "graph/model.h"
#include "zoo/zoo.h"

namespace cleave::graph {
namespace {

constexpr const char* kFile = "weights.bin";

std::string tiny(std::uint64_t seed) { return zoo::build("tiny", seed).value(); }

TEST(SharedWeights, NetworksComeBackAsTheyWere) {
  const TemporaryFolder folder;
  SharedWeights weights(kFile);
  const std::string one = weights.move_out(tiny(1)).value();
  const std::string two = weights.move_out(tiny(2)).value();
  ASSERT_TRUE(write_file(folder / kFile, weights.bytes()));
  EXPECT_LT(one.size(), tiny(1).size() / 10);
  EXPECT_EQ(with_weights_inside(one, folder.path(), kFile).value(), tiny(1));
  EXPECT_EQ(with_weights_inside(two, folder.path(), kFile).value(), tiny(2));
}

TEST(SharedWeights, EqualOnesLieThereOnce) {
  SharedWeights weights(kFile);
  ASSERT_TRUE(weights.move_out(tiny(1)));
  const std::size_t alone = weights.bytes().size();
  const Model model = Model::parse(tiny(1)).value();
  for (const Cut& cut : model.cuts()) {
    ASSERT_TRUE(weights.move_out(model.head(cut).value()));
    ASSERT_TRUE(weights.move_out(model.tail(cut).value()));
  }
  EXPECT_EQ(weights.bytes().size(), alone);
  ASSERT_TRUE(weights.move_out(tiny(2)));
  EXPECT_GT(weights.bytes().size(), alone);
}

TEST(SharedWeights, FloatsThatAreAListOfNumbersGoToo) {
  const TemporaryFolder folder;
  Builder b(13, 7);
  b.input("x", {1, 512}).node("Mul", {"x", "w"}, {"y"}).output("y");
  auto& tensor = *b.graph().add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(512);
  for (int i = 0; i < 512; ++i) tensor.add_float_data(static_cast<float>(i));
  SharedWeights weights(kFile);
  const std::string moved = weights.move_out(b.bytes()).value();
  ASSERT_TRUE(write_file(folder / kFile, weights.bytes()));
  EXPECT_EQ(weights.bytes().size(), 512 * sizeof(float));
  const std::string back = with_weights_inside(moved, folder.path(), kFile).value();
  onnx::ModelProto network;
  ASSERT_TRUE(network.ParseFromString(back));
  float last = 0;
  std::memcpy(&last, network.graph().initializer(0).raw_data().data() + 511 * sizeof(float),
              sizeof(last));
  EXPECT_EQ(last, 511.0F);
}

TEST(SharedWeights, WeightsElsewhereOrCutShortAreRefused) {
  const TemporaryFolder folder;
  SharedWeights weights(kFile);
  const std::string network = weights.move_out(tiny(1)).value();
  ASSERT_TRUE(write_file(folder / kFile, weights.bytes()));
  ASSERT_TRUE(write_file(folder / "other.bin", weights.bytes()));
  const auto code = [&](std::string_view bytes, std::string_view file) {
    return with_weights_inside(bytes, folder.path(), file).error().code;
  };
  EXPECT_EQ(code(network, "other.bin"), ErrorCode::kCorrupt);
  EXPECT_EQ(code("no network", kFile), ErrorCode::kNotThisFormat);
  ASSERT_TRUE(write_file(folder / kFile, weights.bytes().substr(0, 1000)));
  EXPECT_EQ(code(network, kFile), ErrorCode::kCorrupt);
  std::filesystem::remove(folder / kFile);
  EXPECT_EQ(code(network, kFile), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cleave::graph
