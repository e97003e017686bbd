// The butterfly unit: fewer channels (thesis, section 3.2.1, figure 3.2).
#include "train/unit_builder.h"

namespace cleave::train {

Result<void> build_butterfly(const Spec& spec, UnitBuilder& builder) {
  CLEAVE_CHECK(spec.expect_keys({"channels", "last"}));
  const std::int64_t all = builder.value().shape[1];
  const int channels = CLEAVE_TRY(spec.integer("channels", 1, 1, static_cast<int>(all)));
  const bool relu = CLEAVE_TRY(last_is_relu(spec));
  builder.add("reduce_channels", {.channels = channels});
  builder.cross();
  builder.add("restore_channels", {.channels = all}, relu);
  builder.set_canonical("butterfly:channels=" + std::to_string(channels) +
                        (relu ? "" : ",last=linear"));
  return {};
}

}  // namespace cleave::train
