// The bottleneck unit: fewer pixels, then fewer channels (thesis, section 4.2.1, figures 4.2
// and 4.3).
#include "train/unit_builder.h"

namespace cleave::train {

Result<void> build_bottleneck(const Spec& spec, UnitBuilder& builder) {
  CLEAVE_CHECK(spec.expect_keys({"channels", "stride", "filter", "last"}));
  const std::int64_t all = builder.value().shape[1];
  const int channels = CLEAVE_TRY(spec.integer("channels", 1, 1, static_cast<int>(all)));
  const int stride = CLEAVE_TRY(spec.integer("stride", 2, 1, 16));
  // The next odd number, so that the middle of the filter is a pixel. (Equation 4.1.)
  const int filter = CLEAVE_TRY(spec.integer("filter", stride + 1 + stride % 2, stride + 1, 64));
  const bool relu = CLEAVE_TRY(last_is_relu(spec));
  if (stride > 1)
    builder.add("reduce_pixels", {.channels = all, .filter = filter, .stride = stride});
  builder.add("reduce_channels", {.channels = channels});
  builder.cross();
  builder.add("restore_channels", {.channels = all}, relu || stride > 1);
  if (stride > 1)
    builder.add("restore_pixels",
                {.channels = all, .filter = filter, .stride = stride, .transposed = true}, relu);
  builder.set_canonical(
      "bottleneck:channels=" + std::to_string(channels) + ",stride=" + std::to_string(stride) +
      (stride > 1 ? ",filter=" + std::to_string(filter) : "") + (relu ? "" : ",last=linear"));
  return {};
}

}  // namespace cleave::train
