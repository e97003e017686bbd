#include "zoo/zoo.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/spec.h"
#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

// A new network is a function in a file of its own and a line here.
constexpr std::array kArchitectures{
    Architecture{"resnet18", "1x3x224x224", "1x1000", 11'684'712, 1'814'073'344, resnet18},
    Architecture{"resnet34", "1x3x224x224", "1x1000", 21'789'160, 3'663'761'408, resnet34},
    Architecture{"resnet50", "1x3x224x224", "1x1000", 25'530'472, 4'089'184'256, resnet50},
    Architecture{"vgg16", "1x3x224x224", "1x1000", 138'357'544, 15'470'264'320, vgg16},
    Architecture{"vgg19", "1x3x224x224", "1x1000", 143'667'240, 19'632'062'464, vgg19},
    Architecture{"alexnet", "1x3x224x224", "1x1000", 61'100'840, 714'188'480, alexnet},
    Architecture{"mobilenet_v2", "1x3x224x224", "1x1000", 3'487'816, 300'774'272, mobilenet_v2},
    Architecture{"overfeat", "1x3x231x231", "1x1000", 145'920'872, 2'801'403'904, overfeat},
    Architecture{"nin", "1x3x224x224", "1x1000", 7'595'176, 1'100'188'800, nin},
    Architecture{"deep_speech", "100x1539", "100x29", 32'587'805, 3'257'139'200, deep_speech},
    Architecture{"chair", "1x809, 1x4, 1x12", "1x3x128x128", 23'075'135, 521'138'688, chair},
    Architecture{"pix2pix", "1x3x256x256", "1x3x256x256", 54'409'603, 6'048'186'368, pix2pix},
    Architecture{"conv25", "1x64x56x56", "1x64x56x56", 923'200, 2'890'137'600, conv25},
    Architecture{"fashion", "1x1x28x28", "1x10", 512'506, 57'063'616, fashion},
    Architecture{"flowers", "1x3x128x128", "1x3", 458'227, 69'861'664, flowers},
    Architecture{"tiny", "1x3x64x64", "1x10", 336'458, 43'877'632, tiny},
};

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

Result<std::string> build(std::string_view name, std::uint64_t seed) {
  const auto it = std::ranges::find(kArchitectures, name, &Architecture::name);
  if (it == kArchitectures.end()) {
    std::vector<std::string> known;
    for (const Architecture& a : kArchitectures) known.emplace_back(a.name);
    return std::unexpected(unknown_name("zoo", "network", name, known));
  }
  GraphBuilder builder(it->name, seed);
  it->define(builder);
  return builder.model();
}

}  // namespace cleave::zoo
