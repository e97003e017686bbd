// Bundles that were damaged or made to do harm.
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/file.h"
#include "bundle/check_file.h"
#include "bundle/support.h"

namespace cleave::bundle {
namespace {

namespace fs = std::filesystem;

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    const graph::Model model = tiny();
    const auto written =
        write_bundle(model, test_engine(), request_for(model, "f16", {2, 3}), path());
    ASSERT_TRUE(written) << written.error().to_string();
    manifest_ = parse_json(read_file(path() / "bundle.json").value(), "test").value();
  }
  fs::path path() const { return folder_ / "b"; }

  /// Error of reading the manifest with one member replaced; nothing when it is read.
  std::optional<ErrorCode> with(const std::string& pointer, const Json& value) const {
    Json json = manifest_;
    json[Json::json_pointer(pointer)] = value;
    const auto read = manifest_from_json(json);
    return read ? std::optional<ErrorCode>() : read.error().code;
  }

  void damage(const std::string& file, std::size_t keep, bool flip) const {
    std::string content = read_file(path() / file).value();
    content.resize(std::min(keep, content.size()));
    if (flip) content[content.size() / 2] ^= 1;
    ASSERT_TRUE(write_file(path() / file, content));
  }

  TemporaryFolder folder_;
  Json manifest_;
};

TEST_F(Hostile, FilesOutsideTheFolderAreRefused) {
  for (const char* name :
       {"../model.onnx", "/etc/passwd", "a/b", "a\\b", "", ".", "..", ".hidden"}) {
    EXPECT_EQ(with("/model/file", name), ErrorCode::kCorrupt) << name;
    EXPECT_EQ(with("/cuts/1/tail/file", name), ErrorCode::kCorrupt) << name;
  }
  EXPECT_EQ(with("/model/file", std::string("a\0b", 3)), ErrorCode::kCorrupt);
}

TEST_F(Hostile, ContradictionsAreRefused) {
  EXPECT_EQ(with("/format", "cleave-bundle/3"), ErrorCode::kUnsupported);
  EXPECT_EQ(with("/format", "something/1"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(with("/model/sha256", "abc"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/weights/file", "../weights.bin"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/accuracy", 1.5), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/accuracy", -0.1), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/unit", 3), ErrorCode::kCorrupt);
  const Json codec{{"payload_bytes", 1}, {"encode_ms", 0}, {"decode_ms", 0}};
  const auto costs = [&](double device_ms, double slowdown) {
    return with("/costs", {{"device_ms", device_ms},
                           {"emulated_slowdown", slowdown},
                           {"cloud_ms", 1},
                           {"input", codec}});
  };
  EXPECT_EQ(costs(1, 1), std::nullopt);
  EXPECT_EQ(costs(-1, 1), ErrorCode::kCorrupt);
  EXPECT_EQ(costs(1, 0), ErrorCode::kCorrupt) << "times are divided by it";
  EXPECT_EQ(with("/name", ""), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts", Json::array()), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/id", "3"), ErrorCode::kCorrupt) << "twice the same id";
  EXPECT_EQ(with("/cuts/0/crossing", Json::array()), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/crossing/0/name", "nobody"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/head_inputs/0/name", "nobody"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/cuts/0/tail_outputs/0/name", "nobody"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/dtype", "f8"), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/shape", Json::array({-2})), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/shape", Json::array({1.5})), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/shape", Json::array({1e300})), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/shape", Json::array({18446744073709551615U})), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/inputs/0/shape", Json::array({std::int64_t{1} << 40, std::int64_t{1} << 40})),
            ErrorCode::kCorrupt);
  EXPECT_EQ(with("/labels", Json::array({1, 2})), ErrorCode::kCorrupt);
  EXPECT_EQ(with("/name", "other"), std::nullopt) << "nothing is refused for the way of asking";
}

/// Every object and list of the manifest, one at a time: without a member, or with another type.
void refuse_each(const Json& whole, const Json& part, const std::string& at) {
  for (const auto& [key, value] : part.items()) {
    const std::string pointer = at + "/" + key;
    // What the codec measured is the codec's to check, and labels may be any list.
    if (key == "calibration" || key == "labels") continue;
    Json mistyped = whole;
    mistyped[Json::json_pointer(pointer)] = value.is_string() ? Json(1.5) : Json("text");
    EXPECT_FALSE(manifest_from_json(mistyped)) << pointer;
    // A bundle may have no large weights.
    if (part.is_object() && pointer != "/weights") {
      Json without = whole;
      without[Json::json_pointer(at)].erase(key);
      EXPECT_FALSE(manifest_from_json(without)) << pointer;
    }
    if (value.is_structured()) refuse_each(whole, value, pointer);
  }
}

TEST_F(Hostile, EveryMemberIsNeededAndTyped) { refuse_each(manifest_, manifest_, ""); }

TEST_F(Hostile, UnknownCodecStopsTheLoading) {
  manifest_["cuts"][1]["crossing"][0]["codec"] = "no_such_codec";
  ASSERT_TRUE(write_file(path() / "bundle.json", manifest_.dump()));
  EXPECT_FALSE(Bundle::load(path()));
  manifest_["cuts"][1]["crossing"][0]["codec"] = "quant:bits=4";
  manifest_["cuts"][1]["crossing"][0]["calibration"] = "no object";
  ASSERT_TRUE(write_file(path() / "bundle.json", manifest_.dump()));
  EXPECT_FALSE(Bundle::load(path()));
}

TEST_F(Hostile, ManifestsThatAreNone) {
  for (const char* text : {"", "[]", "3", "null", "{}", "{\"format\":1}"}) {
    ASSERT_TRUE(write_file(path() / "bundle.json", text));
    EXPECT_FALSE(Bundle::load(path())) << text;
  }
  fs::remove(path() / "bundle.json");
  EXPECT_EQ(Bundle::load(path()).error().code, ErrorCode::kNotFound);
}

TEST_F(Hostile, WithoutWeightsNothingLiesElsewhere) {
  manifest_.erase("weights");
  ASSERT_TRUE(write_file(path() / "bundle.json", manifest_.dump()));
  const Bundle bundle = Bundle::load(path()).value();
  const Error error = bundle.network(bundle.manifest().model).error();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_NE(error.message.find("expected none to lie elsewhere"), std::string::npos)
      << error.message;
}

TEST_F(Hostile, DamagedFilesAreRefused) {
  const Bundle bundle = Bundle::load(path()).value();
  const CutEntry& cut = bundle.default_cut();
  damage(cut.head.file, 1 << 30, true);
  EXPECT_EQ(bundle.network(cut.head).error().code, ErrorCode::kCorrupt);
  damage(cut.tail.file, 1000, false);
  EXPECT_EQ(bundle.network(cut.tail).error().code, ErrorCode::kCorrupt);
  damage(bundle.manifest().weights->file, 1 << 30, true);
  EXPECT_EQ(Bundle::load(path())->network(bundle.manifest().model).error().code,
            ErrorCode::kCorrupt);
  damage(cut.check.file, 100, false);
  EXPECT_EQ(bundle.check_vector(cut).error().code, ErrorCode::kCorrupt);
  fs::remove(path() / bundle.manifest().model.file);
  EXPECT_EQ(bundle.network(bundle.manifest().model).error().code, ErrorCode::kNotFound);
}

TEST_F(Hostile, CheckVectorOfAnotherNetworkIsRefused) {
  const Bundle bundle = Bundle::load(path()).value();
  const CheckVector good = bundle.check_vector(bundle.default_cut()).value();
  const auto refused = [&](auto&& change) {
    CheckVector check = good;
    change(check);
    const std::string bytes = make_check_file(check).value();
    CutEntry cut = bundle.default_cut();
    EXPECT_TRUE(write_file(path() / cut.check.file, bytes));
    cut.check.sha256 = sha256_hex(as_bytes(bytes));
    const auto read = bundle.check_vector(cut);
    return !read && read.error().code == ErrorCode::kCorrupt;
  };
  EXPECT_FALSE(refused([](CheckVector&) {}));
  EXPECT_TRUE(refused([](CheckVector& c) { c.inputs.clear(); }));
  EXPECT_TRUE(refused([](CheckVector& c) { c.crossing.push_back(c.crossing[0]); }));
  EXPECT_TRUE(refused([](CheckVector& c) { c.tail_outputs[0] = Tensor(DType::kU8, {1}); }));
}

CheckVector small_check() {
  const std::vector<float> values{1, 2, 3, 4};
  const Tensor t = Tensor::from_values<float>({2, 2}, values);
  return {{t}, {t, t}, {t}, {t}};
}

TEST(CheckFile, GoesRound) {
  const std::string bytes = make_check_file(small_check()).value();
  const auto read = parse_check_file(as_bytes(bytes));
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->head_outputs.size(), 2U);
  EXPECT_EQ(read->tail_outputs[0].shape(), (Shape{2, 2}));
  EXPECT_EQ(read->inputs[0].as<float>()[3], 4);
}

TEST(CheckFile, EveryTruncationAndEveryFlipIsRefused) {
  const std::string bytes = make_check_file(small_check()).value();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_check_file(as_bytes(bytes).first(size))) << size;
  EXPECT_FALSE(parse_check_file(as_bytes(bytes + "x")));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 0x40;
    EXPECT_FALSE(parse_check_file(as_bytes(flipped))) << at;
  }
}

}  // namespace
}  // namespace cleave::bundle
