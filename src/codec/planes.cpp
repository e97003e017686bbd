#include "codec/planes.h"

namespace cleave::codec {

Planes planes_of(const Shape& shape, ChannelAxis axis) {
  const std::size_t rank = shape.size();
  // The dimension that is `back` from the end; one that is not there has length 1.
  const auto dimension = [&](std::size_t back) { return back > rank ? 1 : shape[rank - back]; };
  const std::int64_t elements = element_count(shape).value_or(0);
  Planes planes;
  if (rank <= 2) {
    planes.channels = dimension(1);
    planes.channel_stride = 1;
    planes.row_stride = planes.column_stride = planes.channels;
  } else if (axis == ChannelAxis::kLast) {
    planes.channels = dimension(1);
    planes.width = dimension(2);
    planes.height = rank == 3 ? 1 : dimension(3);
    planes.channel_stride = 1;
    planes.column_stride = planes.channels;
    planes.row_stride = planes.width * planes.channels;
  } else {
    planes.channels = dimension(3);
    planes.height = dimension(2);
    planes.width = dimension(1);
    planes.channel_stride = planes.height * planes.width;
    planes.row_stride = planes.width;
    planes.column_stride = 1;
  }
  planes.image_stride = planes.channels * planes.pixels();
  planes.images = elements / planes.image_stride;
  return planes;
}

}  // namespace cleave::codec
