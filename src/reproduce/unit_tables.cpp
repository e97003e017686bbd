#include "reproduce/unit_tables.h"

namespace cleave::reproduce {

std::vector<Sent> thesis_butterflies() {
  std::vector<Sent> list;
  for (std::size_t block = 1; block <= kResidualBlocks; ++block)
    list.push_back({block, {.channels = channels_within_2_points(block)}});
  return list;
}

std::vector<Sent> paper_bottlenecks() {
  std::vector<Sent> list;
  for (std::size_t block = 1; block <= kResidualBlocks; ++block)
    list.push_back({block,
                    {.channels = channels_within_2_points(block), .stride = 2},
                    kPaperTable4Bytes[block - 1]});
  return list;
}

Selection thesis_table_3_5() {
  return {15.7,
          20.5,
          true,
          {{{1101, 1047.4, "RB8", "RB8", 14.3, 13.1, 980},
            {208.4, 528.3, "RB1", "RB1", 5.2, 9.8, 3136},
            {98.1, 342.1, "RB1", "RB1", 2.4, 4.8, 3136}}}};
}

Selection thesis_table_4_2_resnet() {
  return {15.7,
          20.5,
          true,
          {{{196.2, 310.1, "RB1", "RB1", 15.5, 33.0, 1580},
            {37.9, 168.3, "RB1", "RB1", 9.0, 20.5, 1580},
            {13.1, 110.7, "RB1", "RB1", 8.0, 17.5, 1580}}}};
}

Selection thesis_table_4_2_vgg() {
  return {45.3,
          59.6,
          true,
          {{{198.7, 311.9, "C2", "C2", 23.0, 44.5, 1720},
            {39.6, 169.7, "C2", "C2", 15.5, 35.5, 1720},
            {14.9, 112.1, "C2", "C2", 14.5, 20.5, 1720}}}};
}

Selection paper_table_5() {
  return {15.7,
          20.5,
          true,
          {{{196.2, 310.1, "RB1", "RB1", 3.1, 6.6, 316},
            {37.9, 168.3, "RB1", "RB1", 1.8, 4.1, 316},
            {13.1, 110.7, "RB1", "RB1", 1.6, 3.5, 316}}}};
}

std::size_t below_the_radio(const UnitTable& table, const std::vector<double>& sent_bytes) {
  std::size_t count = 0;
  for (std::size_t l = 0; l < table.energy_mj.size(); ++l)
    for (std::size_t b = 0; b < kResidualBlocks; ++b)
      if (table.energy_mj[l][b] < plan::radio_energy_mj(link_presets()[l], sent_bytes[b], 0))
        ++count;
  return count;
}

}  // namespace cleave::reproduce
