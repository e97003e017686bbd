// Random graphs: whatever the wiring, layers, cuts and halves are what their definitions say.
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"

namespace cleave::graph {
namespace {

/// Draws networks with forks, joins, several inputs and outputs, constants, fused runs, operators
/// of two outputs, captured values, random generators and nodes out of order. Every value is [2, 3]
/// or [1, 3].
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint64_t seed) : random_(seed) {}

  Builder draw() {
    const std::uint64_t inputs = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < inputs; ++i) {
      const std::string name = "in" + std::to_string(i);
      builder_.input(name, {2, 3});
      values_.push_back(name);
    }
    builder_.input("cond", {}, onnx::TensorProto::BOOL);
    builder_.weight("w", {2, 3}).weight("row", {1, 3});
    constants_ = {"w", "row"};
    const std::uint64_t nodes = 3 + random_.below(22);
    for (std::uint64_t i = 0; i < nodes; ++i) add_node();
    add_outputs();
    if (random_.below(2) == 0) shuffle();
    return builder_;
  }

 private:
  std::string fresh() { return "v" + std::to_string(count_++); }
  /// Mostly late values, so that graphs are deep, now and then early ones, so that they skip.
  std::string pick() {
    const std::uint64_t n = values_.size();
    return values_[random_.below(3) == 0 ? random_.below(n)
                                         : n - 1 - random_.below(std::min<std::uint64_t>(n, 3))];
  }
  std::string pick_constant() { return constants_[random_.below(constants_.size())]; }

  void add_node() {
    const std::string out = fresh();
    switch (random_.below(9)) {
      case 0:
        builder_.node("Add", {pick(), pick()}, {out});
        break;
      case 1:
        builder_.node("Mul", {pick(), pick_constant()}, {out});
        break;
      case 2:
        builder_.node("Relu", {pick()}, {out});
        break;
      case 3:
        builder_.node("Identity", {pick()}, {out});
        break;
      case 4:
        builder_.node("Sum", {pick(), pick(), pick()}, {out});
        break;
      case 5: {
        const std::string values = fresh();
        builder_.node("TopK", {pick(), "k"}, {values, out});
        values_.push_back(values);
        indices_ = true;
        return;  // the indices stay unread, or become an output
      }
      case 6: {
        builder_.node("If", {"cond"}, {out},
                      {body("then_branch", branch("Add", {pick(), pick_constant()}, fresh())),
                       body("else_branch", branch("Neg", {pick()}, fresh()))});
        break;
      }
      case 7: {
        builder_.node("Neg", {pick_constant()}, {out});
        constants_.push_back(out);
        return;
      }
      default:
        if (random_.below(4) != 0) return add_node();
        builder_.node("RandomNormal", {}, {out}, {ints("shape", {2, 3})});
    }
    values_.push_back(out);
  }

  void add_outputs() {
    builder_.output(values_.back());
    for (const auto& value : values_) {
      if (value != values_.back() && random_.below(8) == 0) builder_.output(value);
    }
    if (!indices_) return;
    onnx::TensorProto k;
    k.set_name("k");
    k.set_data_type(onnx::TensorProto::INT64);
    k.add_dims(1);
    k.add_int64_data(3);
    *builder_.graph().add_initializer() = k;
  }

  void shuffle() {
    auto& nodes = *builder_.graph().mutable_node();
    for (int i = nodes.size() - 1; i > 0; --i) {
      nodes.SwapElements(i, static_cast<int>(random_.below(static_cast<std::uint64_t>(i) + 1)));
    }
  }

  Random random_;
  Builder builder_;
  Names values_;
  Names constants_;
  int count_ = 0;
  bool indices_ = false;
};

TEST(Property, RandomGraphsAreCutAsDefined) {
  constexpr int kGraphs = 400;
  std::size_t cuts = 0;
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto model = Model::parse(RandomNetwork(seed).draw().bytes());
    ASSERT_TRUE(model) << model.error().to_string();
    expect_sound(*model);
    cuts += model->cuts().size();
    if (HasFailure()) break;
  }
  // The draw must not have dried up.
  EXPECT_GT(cuts, std::size_t{kGraphs} * 3);
}

TEST(Property, TheSameBytesGiveTheSameHalves) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string bytes = RandomNetwork(seed).draw().bytes();
    const Model a = Model::parse(bytes).value();
    const Model b = Model::parse(bytes).value();
    EXPECT_EQ(a.to_bytes().value(), b.to_bytes().value());
    for (std::size_t i = 0; i < a.cuts().size(); ++i) {
      EXPECT_EQ(a.tail(a.cuts()[i]).value(), b.tail(b.cuts()[i]).value());
    }
  }
}

TEST(Property, ALoadedNetworkLoadsAgainUnchanged) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Model first = Model::parse(RandomNetwork(seed).draw().bytes()).value();
    const Model second = Model::parse(first.to_bytes().value()).value();
    EXPECT_EQ(first.to_bytes().value(), second.to_bytes().value());
    ASSERT_EQ(first.layers().size(), second.layers().size());
  }
}

}  // namespace
}  // namespace cleave::graph
