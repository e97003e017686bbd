#include "train/checkpoint.h"

#include <torch/serialize.h>

#include <sstream>

#include "base/file.h"
#include "train/network.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.checkpoint";

}  // namespace

Result<void> write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  torch::serialize::OutputArchive archive;
  torch::serialize::OutputArchive optimizer;
  checkpoint.module.save(archive);
  checkpoint.optimizer.save(optimizer);
  archive.write("cleave optimizer", optimizer);
  if (checkpoint.rate != nullptr) {
    torch::serialize::OutputArchive rate;
    checkpoint.rate->save(rate);
    archive.write("cleave rate", rate);
  }
  archive.write("cleave run", c10::IValue(checkpoint.run));
  archive.write("cleave progress",
                torch::tensor({static_cast<double>(checkpoint.epoch), checkpoint.best_accuracy,
                               static_cast<double>(checkpoint.without_better)},
                              torch::kDouble));
  return guarded("writing '" + path.string() + "'", [&]() -> Result<void> {
    std::ostringstream bytes;
    archive.save_to(bytes);
    return write_file(path, bytes.str());
  });
}

Result<void> read_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  std::istringstream bytes(CLEAVE_TRY(read_file(path)));
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(bytes);
    torch::Tensor progress;
    torch::serialize::InputArchive optimizer;
    c10::IValue run;
    archive.read("cleave run", run);
    if (run.toStringRef() != checkpoint.run)
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + path.string() + "' is the checkpoint of another run: " + run.toStringRef() +
                      ", expected " + checkpoint.run);
    archive.read("cleave progress", progress);
    archive.read("cleave optimizer", optimizer);
    checkpoint.module.load(archive);
    if (checkpoint.rate != nullptr) {
      torch::serialize::InputArchive rate;
      archive.read("cleave rate", rate);
      checkpoint.rate->load(rate);
    }
    checkpoint.optimizer.load(optimizer);
    checkpoint.epoch = static_cast<std::int64_t>(progress[0].item<double>());
    checkpoint.best_accuracy = progress[1].item<double>();
    checkpoint.without_better = static_cast<int>(progress[2].item<double>());
  } catch (const std::exception& e) {
    const std::string text = e.what();
    return fail(ErrorCode::kCorrupt, kPlace,
                "'" + path.string() +
                    "' is no checkpoint of this network: " + text.substr(0, text.find('\n')));
  }
  return {};
}

}  // namespace cleave::train
