#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

/// A second of speech in steps of 10 ms. The paper's networks take utterances of any length, and
/// every other step only (section 3.3); the number is ours.
constexpr int kSteps = 100;
/// 80 logarithms of filter banks and the energy.
constexpr std::int64_t kFeatures = 81;
/// Frames on each side that a step sees, the largest that the paper names.
constexpr std::int64_t kContext = 9;
/// Of every hidden layer: the paper's network for Switchboard.
constexpr int kUnits = 2048;
/// Letters, space, apostrophe and blank.
constexpr int kCharacters = 29;
constexpr float kClip = 20;

/// A state gets half of its variance from the input and half from the state before it.
constexpr double kRecurrentGain = kReluGain / 2;
/// Both directions are added.
constexpr double kSumGain = kReluGain / 2;

Value hidden(GraphBuilder& g, const std::string& name, const Value& x, double gain) {
  return g.clipped_relu(name + ".relu", g.gemm(name, x, kUnits, gain), kClip);
}

}  // namespace

void deep_speech(GraphBuilder& g) {
  // A row is a step's frame between its neighbours.
  Value x = g.input("input", {kSteps, (2 * kContext + 1) * kFeatures});
  x = hidden(g, "fc1", x, kReluGain);
  x = hidden(g, "fc2", x, kReluGain);
  x = hidden(g, "fc3", x, kReluGain);
  x = g.reshape("steps", x, {kSteps, 1, kUnits});
  // Clipped and then rectified is the paper's clipped rectifier.
  x = g.bidirectional_rnn("rnn", x, kUnits, kClip, kRecurrentGain);
  x = g.sum("rnn.sum", g.reshape("rnn.directions", x, {kSteps, 2, kUnits}), 1);
  x = hidden(g, "fc5", x, kSumGain);
  g.output("probabilities", g.softmax("softmax", g.gemm("fc6", x, kCharacters, kLinearGain)));
}

}  // namespace cleave::zoo
