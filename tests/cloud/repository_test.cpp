// What is loaded, under which names, and what is refused.
#include "cloud/repository.h"

#include "base/checksum.h"
#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/bundle.h"
#include "cloud/support.h"

namespace cleave::cloud {
namespace {

Error error_of(const std::vector<std::filesystem::path>& paths,
               const RepositoryOptions& options = {}) {
  const auto networks = load_repository(test_engine(), paths, options);
  EXPECT_FALSE(networks);
  return networks ? Error{} : networks.error();
}

/// Replaces a file of a bundle, and its SHA-256 in the manifest when asked to.
void replace(const std::filesystem::path& folder, const bundle::FileEntry& entry,
             const std::string& content, bool with_checksum) {
  ASSERT_TRUE(write_file(folder / entry.file, content));
  if (!with_checksum) return;
  std::string manifest = read_file(folder / "bundle.json").value();
  manifest.replace(manifest.find(entry.sha256), entry.sha256.size(), sha256_hex(as_bytes(content)));
  ASSERT_TRUE(write_file(folder / "bundle.json", manifest));
}

TEST(Repository, RefusesATamperedFile) {
  for (const char* which : {"tail", "model", "weights", "check"}) {
    TemporaryFolder folder;
    write_tiny_bundle(folder / "split", {.cuts = {4}});
    const auto bundle = bundle::Bundle::load(folder / "split").value();
    const auto& cut = bundle.default_cut();
    const bundle::FileEntry& entry = which == std::string("tail")      ? cut.tail
                                     : which == std::string("model")   ? bundle.manifest().model
                                     : which == std::string("weights") ? *bundle.manifest().weights
                                                                       : cut.check;
    std::string content = read_file(folder / "split" / entry.file).value();
    content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 4);
    replace(folder / "split", entry, content, false);
    const Error error = error_of({folder / "split"});
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_TRUE(error.message.contains("SHA-256")) << error.to_string();
  }
}

TEST(Repository, RefusesATailThatContradictsItsCheckVector) {
  TemporaryFolder folder;
  write_tiny_bundle(folder / "split", {.seed = 1, .cuts = {4}});
  write_tiny_bundle(folder / "other", {.seed = 2, .cuts = {4}});
  const auto bundle = bundle::Bundle::load(folder / "split").value();
  const auto other = bundle::Bundle::load(folder / "other").value();
  replace(folder / "split", bundle.default_cut().tail,
          other.network(other.default_cut().tail).value(), true);
  const Error error = error_of({folder / "split"});
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_TRUE(error.message.contains("logits")) << error.to_string();
  EXPECT_TRUE(error.message.contains("check vector")) << error.to_string();
}

TEST(Repository, RefusesATailWithOtherInputs) {
  TemporaryFolder folder;
  write_tiny_bundle(folder / "split", {.cuts = {2, 7}});
  const auto bundle = bundle::Bundle::load(folder / "split").value();
  const auto& cuts = bundle.manifest().cuts;
  replace(folder / "split", cuts[0].tail, bundle.network(bundle.manifest().model).value(), true);
  const Error error = error_of({folder / "split"});
  EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.to_string();
}

TEST(Repository, TwoNetworksOfOneNameAreNamedBoth) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "a");
  std::filesystem::create_directory(folder / "b");
  write_tiny(folder / "a" / "same.onnx", 1);
  write_tiny(folder / "b" / "same.onnx", 2);
  const Error error = error_of({folder / "a" / "same.onnx", folder / "b" / "same.onnx"});
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  for (const auto& path : {folder / "a" / "same.onnx", folder / "b" / "same.onnx"})
    EXPECT_TRUE(error.message.contains(path.string())) << error.to_string();
}

TEST(Repository, BundlesOfOneNetworkShareTheWhole) {
  TemporaryFolder folder;
  write_tiny_bundle(folder / "early", {.name = "early", .cuts = {2}});
  write_tiny_bundle(folder / "late", {.name = "late", .cuts = {7}});
  const std::vector<std::filesystem::path> paths{folder / "early", folder / "late"};
  const auto networks = load_repository(test_engine(), paths, {});
  ASSERT_TRUE(networks) << networks.error().to_string();
  std::vector<std::string> names;
  for (const Network& network : *networks) names.push_back(network.name);
  EXPECT_EQ(names, (std::vector<std::string>{"early", "early@2", "tiny", "late", "late@7"}));
}

TEST(Repository, TheWholeNetworkGivesWayToABundleOfItsName) {
  TemporaryFolder folder;
  write_tiny_bundle(folder / "tiny", {.name = "tiny", .cuts = {2}});
  const std::vector<std::filesystem::path> paths{folder / "tiny"};
  const auto networks = load_repository(test_engine(), paths, {});
  ASSERT_TRUE(networks) << networks.error().to_string();
  std::vector<std::string> names;
  for (const Network& network : *networks) names.push_back(network.name);
  EXPECT_EQ(names, (std::vector<std::string>{"tiny", "tiny@2", "tiny@whole"}));
}

TEST(Repository, OptionsReachBareNetworks) {
  TemporaryFolder folder;
  write_tiny(folder / "bare.onnx", 1);
  const std::vector<std::filesystem::path> paths{folder / "bare.onnx"};
  const auto networks = load_repository(
      test_engine(), paths,
      {.engine = {}, .shapes = {{"input", {1, 3, 96, 96}}}, .preprocess = "image:size=96"});
  ASSERT_TRUE(networks) << networks.error().to_string();
  EXPECT_EQ(networks->front().inputs.front().shape, (Shape{1, 3, 96, 96}));
  EXPECT_TRUE(networks->front().image.has_value());

  const Error wrong_size =
      error_of(paths, {.engine = {}, .shapes = {}, .preprocess = "image:size=32"});
  EXPECT_TRUE(wrong_size.message.contains("1x3x32x32")) << wrong_size.to_string();
  EXPECT_TRUE(wrong_size.message.contains("1x3x64x64")) << wrong_size.to_string();
}

TEST(Repository, AnErrorNamesThePath) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "noise.onnx", "this is no network"));
  ASSERT_TRUE(write_file(folder / "empty.onnx", ""));
  for (const char* name : {"noise.onnx", "empty.onnx", "missing.onnx"}) {
    const Error error = error_of({folder / name});
    EXPECT_TRUE(error.message.contains(name)) << error.to_string();
  }
}

}  // namespace
}  // namespace cleave::cloud
