#include "reproduce/trained_points.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "engine/openvino_engine.h"
#include "reproduce/trained_claims.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kHeader =
    "network,data,value,unit,codec,training_codec,epochs,training_pictures,heldout_accuracy,"
    "test_accuracy,payload_bytes,uncut_accuracy\n";

std::string with(std::string_view lines) { return std::string(kHeader) + std::string(lines); }

std::string message_of(const std::string& csv) {
  const auto points = parse_trained_points(csv);
  EXPECT_FALSE(points) << csv;
  return points ? "" : points.error().message;
}

TEST(TrainedPoints, AreReadFieldByField) {
  const auto points = parse_trained_points(
      with("resnet56,cifar10,Relu_1,\"bottleneck:channels=4,stride=2\",\"quant:bits=8|jpeg:q=20\","
           "quant:bits=8,10,45000,0.91,0.9,87.5,0.94\r\n"
           "\n"
           "resnet56,cifar10,Relu_1,butterfly:channels=2,quant:bits=4|zstd,,3,5400,0.8,,61,0.94"));
  ASSERT_TRUE(points) << points.error().message;
  ASSERT_EQ(points->size(), 2u);
  const TrainedPoint& first = points->front();
  EXPECT_EQ(first.network, "resnet56");
  EXPECT_EQ(first.value, "Relu_1");
  EXPECT_EQ(first.unit, "bottleneck");
  EXPECT_EQ(first.channels, 4);
  EXPECT_EQ(first.stride, 2);
  EXPECT_EQ(first.unit_spec, "bottleneck:channels=4,stride=2");
  EXPECT_EQ(first.codec, "quant:bits=8|jpeg:q=20");
  EXPECT_EQ(first.training_codec, "quant:bits=8");
  EXPECT_EQ(first.epochs, 10);
  EXPECT_EQ(first.training_pictures, 45000);
  EXPECT_NEAR(first.loss_points(), 3, 1e-9);
  EXPECT_EQ(first.test_accuracy, 0.9);
  EXPECT_EQ(first.payload_bytes, 87.5);
  const TrainedPoint& second = points->back();
  EXPECT_EQ(second.unit, "butterfly");
  EXPECT_EQ(second.stride, 1);
  EXPECT_EQ(second.training_codec, second.codec) << "the same where none is named";
  EXPECT_FALSE(second.test_accuracy);
}

TEST(TrainedPoints, ColumnsMayStandInAnyOrder) {
  const auto points = parse_trained_points(
      "uncut_accuracy,payload_bytes,test_accuracy,heldout_accuracy,training_pictures,epochs,codec,"
      "unit,value,data,network\n0.9,10,,0.8,100,1,raw,butterfly:channels=1,v,d,n\n");
  ASSERT_TRUE(points) << points.error().message;
  EXPECT_EQ(points->front().network, "n");
  EXPECT_EQ(points->front().uncut_accuracy, 0.9);
}

TEST(TrainedPoints, MayHaveNoUnit) {
  std::string header(kHeader);
  header.insert(header.size() - 1, ",uncut_test_accuracy");
  const auto points = parse_trained_points(header +
                                           "n,d,v,none,cleave,,1,100,0.8,0.7,10,0.9,0.75\nn,d,"
                                           "input,picture,webp:q=5,,1,100,0.8,,10,0.9,\n");
  ASSERT_TRUE(points) << points.error().message;
  EXPECT_FALSE(points->front().has_unit());
  EXPECT_NEAR(*points->front().test_loss_points(), 5, 1e-9);
  EXPECT_EQ(points->back().unit, kPictureUnit);
  EXPECT_FALSE(points->back().test_loss_points());
}

TEST(TrainedPoints, SayWhatIsWrongAndWhere) {
  const std::string line = "n,d,v,butterfly:channels=1,raw,,1,100,0.8,,10,0.9\n";
  ASSERT_TRUE(parse_trained_points(with(line)));
  EXPECT_EQ(message_of(with(line + "n,d,v,butterfly:channels=1,raw,,1,100,1.8,,10,0.9\n")),
            "line 3 has '1.8', expected heldout_accuracy from 0 to 1");
  EXPECT_EQ(message_of(with("n,d,v,butterfly:channels=1,raw,,0,100,0.8,,10,0.9\n")),
            "line 2 has '0', expected epochs from 1 to 1000000000");
  EXPECT_EQ(message_of(with("n,d,v,butterfly:channels=1,raw,,1,100,0.8,,0,0.9\n")),
            "line 2 has '0', expected payload_bytes above 0, to 1000000000");
  EXPECT_EQ(message_of(with("n,d,v,butterfly:channels=1,raw,,1,100,nan,,5,0.9\n")),
            "line 2 has 'nan', expected heldout_accuracy from 0 to 1");
  EXPECT_EQ(message_of(with("n,d,v,moth:channels=1,raw,,1,100,0.8,,10,0.9\n")),
            "line 2 has 'moth:channels=1', expected unit that is butterfly:channels=C, "
            "bottleneck:channels=C,stride=S, none or picture");
  EXPECT_EQ(message_of(with("n,d,v,butterfly:channels=0,raw,,1,100,0.8,,10,0.9\n")),
            "line 2 has 'butterfly:channels=0', expected unit of 1 to 65536 channels and a stride "
            "to 16");
  EXPECT_EQ(message_of(with("n,d,,butterfly:channels=1,raw,,1,100,0.8,,10,0.9\n")),
            "line 2 has '', expected value that is not empty");
  EXPECT_EQ(message_of(with("n,d,v,butterfly:channels=1,a||b,,1,100,0.8,,10,0.9\n")),
            "line 2 has 'a||b', expected codec that is a codec's spec");
  EXPECT_EQ(message_of(with("n,d\n")), "line 2 has '2 fields', expected 12 as in line 1");
  EXPECT_EQ(message_of(with("\"n,d\n")),
            "line 2 has '\"n,d', expected a quote that ends in its line");
  EXPECT_EQ(
      message_of(with("n,d,v,\"butterfly:channels=1,stride=2\",raw,,1,100,0.8,,10,0.9\n")),
      "line 2 has 'butterfly:channels=1,stride=2', expected unit without a stride: a butterfly "
      "unit has none");
}

TEST(TrainedPoints, TakeQuotesAroundWholeFieldsAlone) {
  EXPECT_EQ(message_of(with("\"n\"x,d\n")),
            "line 2 has '\"n\"x,d', expected nothing but a comma behind a closing quote");
  EXPECT_EQ(message_of(with("\"n\" ,d\n")),
            "line 2 has '\"n\" ,d', expected nothing but a comma behind a closing quote");
  EXPECT_EQ(message_of(with("n\"x\",d\n")),
            "line 2 has 'n\"x\",d', expected quotes around a whole field alone");
  const auto points = parse_trained_points(
      with("\"a \"\"b\"\", c\",d,v,\"butterfly:channels=1\",raw,\"\",1,100,0.8,,10,\"0.9\""));
  ASSERT_TRUE(points) << points.error().message;
  EXPECT_EQ(points->front().network, "a \"b\", c");
  EXPECT_EQ(points->front().training_codec, "raw");
  EXPECT_EQ(points->front().uncut_accuracy, 0.9);
}

TEST(TrainedPoints, MayBeginWithAByteOrderMark) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::string text = with("n,d,v,butterfly:channels=1,raw,,1,100,0.8,,10,0.9\n");
  const auto points = parse_trained_points(mark + text);
  ASSERT_TRUE(points) << points.error().message;
  EXPECT_EQ(points->size(), 1u);
  EXPECT_EQ(message_of(mark), "line 1 has '', expected the names of columns");
  EXPECT_NE(message_of(mark + mark + text).find("unknown column"), std::string::npos);
}

TEST(TrainedPoints, RefuseOtherHeaders) {
  EXPECT_EQ(message_of(""), "line 1 has '', expected the names of columns");
  EXPECT_NE(message_of("network,colour\n").find("unknown column 'colour'"), std::string::npos);
  EXPECT_EQ(message_of("network,network\n"), "line 1 has 'network', expected each column once");
  EXPECT_EQ(message_of("network\n"), "line 1 has 'no column data', expected one of that name");
  EXPECT_NE(message_of(std::string(1 << 20, ',')).find("at most 13 fields"), std::string::npos);
}

TEST(TrainedPoints, AreBounded) {
  std::string lines;
  for (std::size_t i = 0; i <= kMaxTrainedPoints; ++i)
    lines += "n,d,v,butterfly:channels=1,raw,,1,100,0.8,,10,0.9\n";
  const auto points = parse_trained_points(with(lines));
  ASSERT_FALSE(points);
  EXPECT_EQ(points.error().code, ErrorCode::kResourceExhausted);

  const TemporaryFolder folder;
  const auto path = folder.path() / "points.csv";
  ASSERT_TRUE(write_file(path, std::string(kMaxTrainedBytes + 1, 'x')));
  EXPECT_FALSE(load_trained_points(path));
  EXPECT_FALSE(load_trained_points(folder.path() / "none.csv"));
}

/// A point at one cut of one network.
TrainedPoint point(int channels, double heldout, double bytes, const char* value = "v") {
  TrainedPoint p;
  p.network = "n";
  p.data = "d";
  p.value = value;
  p.unit = "butterfly";
  p.channels = channels;
  p.unit_spec = "butterfly:channels=" + std::to_string(channels);
  p.codec = p.training_codec = "raw";
  p.heldout_accuracy = heldout;
  p.payload_bytes = bytes;
  p.uncut_accuracy = 0.95;
  return p;
}

std::string measured(const std::vector<Claim>& claims, std::string_view what) {
  for (const Claim& claim : claims)
    if (claim.what.find(what) != std::string::npos) return claim.measured;
  return "no such claim";
}

TEST(TrainedClaims, FindTheFewestChannelsAtEachCut) {
  const std::vector<TrainedPoint> points{point(8, 0.95, 80), point(2, 0.9, 20), point(4, 0.94, 40),
                                         point(1, 0.5, 10, "w")};
  const auto claims = butterfly_claims(points, {{{"n", "v"}, 1600.0}, {{"n", "w"}, 1600.0}});
  EXPECT_EQ(measured(claims, "2 points lost: n, d, v"), "4 (1.0 points)");
  EXPECT_EQ(measured(claims, "2 points lost: n, d, w"), "none: 45.0 points at 1");
  EXPECT_EQ(measured(claims, "3.3.4"), "40.0x (n, d, v, butterfly:channels=4)");
  EXPECT_EQ(measured(butterfly_claims(points, {}), "3.3.4"), "-");

  const Figure figure = accuracy_figure(points);
  ASSERT_EQ(figure.panels.size(), 1u) << "the other cut has one number of channels";
  ASSERT_EQ(figure.panels.front().series.size(), 2u) << "the codec's, and the uncut network's";
  EXPECT_EQ(figure.panels.front().series.front().at, (std::vector<double>{2, 4, 8}));
  EXPECT_EQ(figure.panels.front().series.front().values, (std::vector<double>{90, 94, 95}));
}

TEST(TrainedClaims, SetTheLoopBesideTrainingWithoutIt) {
  std::vector<TrainedPoint> points{point(4, 0.946, 100), point(1, 0.935, 25), point(4, 0.8, 110)};
  points.back().training_codec = "f16";
  const auto claims = bottleneck_claims(points, {{{"n", ""}, 3000.0}});
  EXPECT_EQ(measured(claims, "fewest bytes, 2 points"), "25 B (butterfly:channels=1)");
  EXPECT_EQ(measured(claims, "fewest bytes, half a point"), "100 B (butterfly:channels=4)");
  EXPECT_EQ(measured(claims, "figure 4.6"), "15.0, 0.4 points (butterfly:channels=4, raw)");
  EXPECT_EQ(measured(claims, "4.3.4"), "30.0x (n, d, v, butterfly:channels=4)");
  const Figure figure = loss_figure(points);
  ASSERT_EQ(figure.panels.size(), 1u);
  std::vector<std::string> titles;
  for (const Series& series : figure.panels.front().series) titles.push_back(series.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"codec in the loop", "codec afterwards"}));
  EXPECT_EQ(figure.columns, 1);

  points.push_back(points.at(1));
  points.back().training_codec = "f16";
  EXPECT_EQ(loss_figure(points).panels.front().series.size(), 4u) << "a unit's line is its own";
  EXPECT_TRUE(loss_figure({points.front()}).panels.empty()) << "nothing was tried both ways";
}

TEST(TrainedClaims, AreOfTheTestSetWhereItWasScored) {
  std::vector<TrainedPoint> points{point(4, 0.9, 40), point(2, 0.94, 20)};
  points.front().test_accuracy = 0.81;
  points.front().uncut_test_accuracy = 0.82;
  EXPECT_EQ(measured(butterfly_claims({points.front()}, {}), "figure 3.7"), "4 (1.0 points)");
  points.front().uncut_test_accuracy.reset();
  EXPECT_EQ(measured(butterfly_claims({points.front()}, {}), "figure 3.7"),
            "none: 5.0 points at 4");
}

// The same cut trained on other pictures is another cut: neither's losses count for the other.
TEST(TrainedClaims, KeepDataApart) {
  std::vector<TrainedPoint> points{point(4, 0.94, 40), point(2, 0.94, 20)};
  points.back().data = "e";
  const auto butterflies = butterfly_claims(points, {});
  EXPECT_EQ(measured(butterflies, "2 points lost: n, d, v"), "4 (1.0 points)");
  EXPECT_EQ(measured(butterflies, "2 points lost: n, e, v"), "2 (1.0 points)");
  EXPECT_TRUE(accuracy_figure(points).panels.empty()) << "one number of channels each";
  points.back().unit_spec = points.front().unit_spec;
  points.back().training_codec = "f16";
  EXPECT_EQ(measured(bottleneck_claims(points, {}), "figure 4.6"), "no such claim");
}

// 0.76 - 0.74 is a little more than 0.02, and 2 points lost are not more than 2.
TEST(TrainedClaims, CountALossThatIsJustAccepted) {
  std::vector<TrainedPoint> points{point(1, 0.74, 10)};
  points.front().uncut_accuracy = 0.76;
  ASSERT_GT(points.front().loss_points(), 2);
  const ValueCounts counts{{{"n", "v"}, 100.0}, {{"n", ""}, 100.0}};
  EXPECT_EQ(measured(butterfly_claims(points, counts), "figure 3.7"), "1 (2.0 points)");
  EXPECT_EQ(measured(butterfly_claims(points, counts), "3.3.4"),
            "10.0x (n, d, v, butterfly:channels=1)");
  EXPECT_EQ(measured(bottleneck_claims(points, counts), "fewest bytes, 2 points"),
            "10 B (butterfly:channels=1)");
}

TEST(TrainedClaims, AcceptPointsOfTheLoopAlone) {
  std::vector<TrainedPoint> points{point(4, 0.94, 40), point(2, 0.945, 20)};
  points.back().training_codec = "f16";
  const ValueCounts counts{{{"n", "v"}, 400.0}, {{"n", ""}, 400.0}};
  const auto butterflies = butterfly_claims(points, counts);
  EXPECT_EQ(measured(butterflies, "figure 3.7"), "4 (1.0 points)");
  EXPECT_EQ(measured(butterflies, "3.3.4"), "10.0x (n, d, v, butterfly:channels=4)");
  EXPECT_EQ(measured(bottleneck_claims(points, counts), "4.3.4"), "-");
  const Figure figure = accuracy_figure(points);
  ASSERT_EQ(figure.panels.front().series.size(), 3u);
  EXPECT_EQ(figure.panels.front().series.front().title, "raw, put in afterwards");
}

/// A point of a quality, in the loop and not.
std::vector<TrainedPoint> at_quality(int quality, double loop, double after) {
  std::vector<TrainedPoint> both{point(1, loop, quality), point(1, after, quality)};
  for (TrainedPoint& p : both)
    p.codec = p.training_codec = "quant:bits=8|jpeg:q=" + std::to_string(quality);
  both.back().training_codec = "quant:bits=8";
  return both;
}

TEST(TrainedClaims, CompareAtTheLowestQualityThatLosesLittle) {
  std::vector<TrainedPoint> points;
  for (const auto& both :
       {at_quality(20, 0.94, 0.8), at_quality(10, 0.9, 0.5), at_quality(5, 0.8, 0.2)})
    points.insert(points.end(), both.begin(), both.end());
  constexpr std::string_view kLowest = "at the lowest quality";
  EXPECT_EQ(measured(bottleneck_claims(points, {}), kLowest),
            "40.0 points at q=10: 5.0 instead of 45.0 (butterfly:channels=1)");
  EXPECT_EQ(measured(bottleneck_claims(at_quality(5, 0.8, 0.2), {}), kLowest), "none");
  EXPECT_EQ(measured(bottleneck_claims({point(1, 0.9, 10)}, {}), kLowest), "no such claim");
}

TEST(TrainedClaims, SayWhichNetworksHaveNoCounts) {
  const TemporaryFolder folder;
  Report report;
  const auto openvino = engine::make_openvino_engine();
  TrainedPoint unread = point(1, 0.9, 10);
  unread.network = "resnet56_cifar10";
  EXPECT_TRUE(count_values(folder.path(), {point(1, 0.9, 10), unread}, *openvino, report).empty());
  ASSERT_EQ(report.left_out.size(), 2u);
  EXPECT_EQ(report.left_out.front(), "sizes in n: not one of the trained networks");
  EXPECT_TRUE(report.left_out.back().starts_with("sizes in resnet56_cifar10: "));
}

}  // namespace
}  // namespace cleave::reproduce
