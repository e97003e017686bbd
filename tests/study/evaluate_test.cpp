#include "study/evaluate.h"

#include <gtest/gtest.h>

#include "base/folder.h"
#include "bundle/support.h"
#include "data/subset.h"
#include "data/synthetic.h"

namespace cleave::study {
namespace {

using bundle::tiny;

constexpr std::size_t kPictures = 12;

/// Pictures of tiny's size, with classes or without.
data::Dataset pictures(std::size_t classes) {
  data::Dataset::Parts parts;
  parts.size = kPictures;
  for (std::size_t i = 0; i < classes; ++i) parts.classes.push_back("class " + std::to_string(i));
  for (std::size_t i = 0; i < kPictures && classes > 0; ++i)
    parts.labels.push_back(static_cast<int>(i % classes));
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    return data::synthetic_picture(64, 64, i);
  };
  return data::Dataset(std::move(parts));
}

EvalData all_of(const data::Dataset& set, const std::vector<TensorSpec>& inputs) {
  return {set, data::shuffled(set.size(), 1), *data::Preprocess::guess(inputs.front()), {}};
}

bundle::Bundle tiny_bundle(const TemporaryFolder& folder, const std::string& codec) {
  const graph::Model model = tiny();
  EXPECT_TRUE(bundle::write_bundle(model, test_engine(), bundle::request_for(model, codec, {2, 5}),
                                   folder / codec));
  return bundle::Bundle::load(folder / codec).value();
}

TEST(Evaluate, ANetworkByItsLabels) {
  const graph::Model model = tiny();
  const data::Dataset set = pictures(10);
  std::size_t last = 0;
  const auto found = evaluate(model, test_engine(), all_of(set, model.inputs()),
                              {.engine = {}, .progress = [&](std::size_t done) { last = done; }});
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->classes, 10);
  EXPECT_EQ(found->uncut.top1->samples, kPictures);
  EXPECT_GE(found->uncut.top5->value, found->uncut.top1->value);
  EXPECT_FALSE(found->cut);
  EXPECT_EQ(last, kPictures);
}

TEST(Evaluate, ARawCutChangesNothing) {
  const TemporaryFolder folder;
  const bundle::Bundle bundle = tiny_bundle(folder, "raw");
  const data::Dataset set = pictures(0);
  for (const bundle::CutEntry& cut : bundle.manifest().cuts) {
    const auto found =
        evaluate(bundle, cut, test_engine(), all_of(set, bundle.manifest().inputs), {});
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_FALSE(found->uncut.top1);
    EXPECT_EQ(found->cut->agreement->value, 1);
    EXPECT_LT(found->cut->kl_nats->value, 1e-9);
    std::size_t bytes = 0;
    for (const bundle::CrossingValue& c : cut.crossing)
      bytes += static_cast<std::size_t>(*c.value.byte_size()) + 14;
    EXPECT_EQ(found->bytes_per_sample->value, static_cast<double>(bytes)) << "with the headers";
  }
}

TEST(Evaluate, IsTheSameOnAnyNumberOfThreads) {
  const TemporaryFolder folder;
  const bundle::Bundle bundle = tiny_bundle(folder, "quant:bits=2");
  const data::Dataset set = pictures(10);
  std::vector<Evaluation> found;
  for (const int threads : {1, 2}) {
    EvalOptions options;
    options.engine.threads = threads;
    found.push_back(evaluate(bundle, bundle.default_cut(), test_engine(),
                             all_of(set, bundle.manifest().inputs), options)
                        .value());
  }
  EXPECT_GT(found[0].cut->kl_nats->value, 0);
  EXPECT_EQ(found[0].cut->kl_nats->value, found[1].cut->kl_nats->value);
  EXPECT_EQ(found[0].cut->top1->value, found[1].cut->top1->value);
  EXPECT_EQ(found[0].uncut.top5->value, found[1].uncut.top5->value);
}

TEST(Evaluate, SaysWhatCannotBeScored) {
  const graph::Model model = tiny();
  const auto error_of = [&](const graph::Model& network, const EvalData& data) {
    return evaluate(network, test_engine(), data, {}).error();
  };
  const data::Dataset bare = pictures(0);
  EXPECT_NE(error_of(model, all_of(bare, model.inputs())).message.find("the data has no labels"),
            std::string::npos);
  const data::Dataset three = pictures(3);
  const Error counts = error_of(model, all_of(three, model.inputs()));
  EXPECT_EQ(counts.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(counts.message.find("the data has 3 classes, the network has 10"), std::string::npos);
  const Error outputs = error_of(bundle::forked(), all_of(three, model.inputs()));
  EXPECT_EQ(outputs.code, ErrorCode::kUnsupported);
  EXPECT_NE(outputs.message.find("2 outputs, 'early', 'late'"), std::string::npos)
      << outputs.message;
}

}  // namespace
}  // namespace cleave::study
