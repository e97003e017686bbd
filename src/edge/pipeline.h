#pragma once

#include <functional>
#include <optional>

#include "edge/strategy.h"

namespace cleave::edge {

/// The next frame, or nothing after the last one.
using FrameSource = std::function<Result<std::optional<Frame>>()>;
/// Takes results in the order of the frames.
using FrameSink = std::function<Result<void>(FrameResult)>;

/// Runs every frame of the source. At most `inflight` (1 or more) frames are between the source and
/// the sink at a time: with 1 a frame is answered before the next is taken up; from 2 on, heads are
/// computed one after another while earlier frames travel.
/// The first error in the order of the frames, be it the source's, the strategy's or the sink's,
/// ends the run and is returned; what came before it has reached the sink, nothing after it will.
/// Threads: the sink is called on the caller's, the source and Strategy::depart() on one other
/// (with `inflight` 1 on the caller's too), Strategy::arrive() on others. All have ended on return.
Result<void> run_pipeline(const FrameSource& source, Strategy& strategy, int inflight,
                          const FrameSink& sink);

}  // namespace cleave::edge
