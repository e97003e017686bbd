// cleave codec: tensors to packets and back, the list of stages, and what codecs do to a network.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "codec/calibrated_value.h"
#include "codec/packet.h"
#include "codec/packet_list.h"
#include "codec/stage.h"
#include "codec_calibrate.h"
#include "codec_stream.h"
#include "codec_sweep.h"
#include "codec_table.h"
#include "codec_trim.h"
#include "data/npy.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Options {
  std::string spec;
  std::string calibration;
  std::string value;
  std::string in;
  std::string out;
  bool each = false;
  bool json = false;
};

std::string settings_text(const codec::StageKind& stage) {
  std::string text;
  for (const codec::Setting& setting : stage.settings) {
    text += fmt::format("{}{}={} ({})", text.empty() ? "" : ", ", setting.key, setting.choices,
                        setting.fallback);
  }
  return text;
}

Json to_json(const codec::StageKind& stage) {
  Json settings = Json::object();
  for (const codec::Setting& setting : stage.settings) {
    settings[std::string(setting.key)] = {{"default", setting.fallback},
                                          {"choices", setting.choices}};
  }
  return {{"name", stage.name},
          {"help", stage.help},
          {"version", stage.version},
          {"lossless", stage.lossless},
          {"settings", std::move(settings)}};
}

int list(bool json) {
  if (json) {
    Json stages = Json::array();
    for (const codec::StageKind& stage : codec::builtin_stages()) stages.push_back(to_json(stage));
    fmt::print("{}\n", dump_json(stages, 2));
    return 0;
  }
  fmt::print("{:<6} {:<49} settings (default)\n", "stage", "what it does");
  for (const codec::StageKind& stage : codec::builtin_stages()) {
    fmt::print("{:<6} {:<49} {}\n", stage.name, stage.help, settings_text(stage));
  }
  return 0;
}

void print_sizes(const Options& options, const codec::Codec& codec, const Tensor& tensor,
                 const codec::PacketList& packets) {
  const double mean_bytes =
      static_cast<double>(packets.packet_bytes) / static_cast<double>(packets.packets);
  const double ratio =
      static_cast<double>(tensor.byte_size()) / static_cast<double>(packets.bytes.size());
  if (options.json) {
    const Json report{{"codec", codec.spec()},
                      {"dtype", dtype_name(tensor.dtype())},
                      {"shape", tensor.shape()},
                      {"bytes_in", tensor.byte_size()},
                      {"bytes_out", packets.bytes.size()},
                      {"ratio", ratio},
                      {"packets", packets.packets},
                      {"mean_packet_bytes", mean_bytes}};
    fmt::print("{}\n", dump_json(report, 2));
    return;
  }
  fmt::print("codec      {}\n", codec.spec());
  fmt::print("tensor     {} {}\n", dtype_name(tensor.dtype()), shape_text(tensor.shape()));
  fmt::print("bytes in   {}\n", tensor.byte_size());
  fmt::print("bytes out  {}\n", packets.bytes.size());
  fmt::print("ratio      {:.3f}\n", ratio);
  if (options.each)
    fmt::print("packets    {} of {:.1f} bytes on average\n", packets.packets, mean_bytes);
}

/// The codec that was asked for: by its spec, or a calibration's, which a spec may replace.
Result<codec::Codec> choose_codec(const Options& options) {
  if (options.calibration.empty()) {
    if (!options.spec.empty()) return codec::Codec::create(options.spec);
    return fail(ErrorCode::kInvalidArgument, "codec", "neither --codec nor --calibration is given");
  }
  const Json file =
      CLEAVE_TRY(parse_json(CLEAVE_TRY(read_file(options.calibration)), options.calibration));
  const auto values = CLEAVE_TRY(codec::calibrated_values_from_json(file));
  const auto value = CLEAVE_TRY(codec::find_calibrated(values, options.value));
  return codec::Codec::create(options.spec.empty() ? value.codec : options.spec, value.calibration);
}

Result<int> encode(const Options& options) {
  const codec::Codec codec = CLEAVE_TRY(choose_codec(options));
  const Tensor tensor = CLEAVE_TRY(data::read_npy(options.in));
  codec::PacketList packets;
  if (options.each) {
    packets = CLEAVE_TRY(codec::encode_each(codec, tensor));
  } else {
    packets.bytes = CLEAVE_TRY(codec::encode_packet(codec, tensor));
    packets.packets = 1;
    packets.packet_bytes = packets.bytes.size();
  }
  CLEAVE_CHECK(write_file(options.out, as_text(packets.bytes)));
  print_sizes(options, codec, tensor, packets);
  return 0;
}

Result<int> decode(const Options& options) {
  const std::string file = CLEAVE_TRY(read_file(options.in));
  const Tensor tensor = options.each
                            ? CLEAVE_TRY(codec::decode_each(as_bytes(file), data::kMaxNpyBytes))
                            : CLEAVE_TRY(codec::decode_packet(as_bytes(file), data::kMaxNpyBytes));
  CLEAVE_CHECK(data::write_npy(options.out, tensor));
  if (options.json) {
    const Json report{{"dtype", dtype_name(tensor.dtype())},
                      {"shape", tensor.shape()},
                      {"bytes_in", file.size()},
                      {"bytes_out", tensor.byte_size()}};
    fmt::print("{}\n", dump_json(report, 2));
    return 0;
  }
  fmt::print("tensor     {} {}\n", dtype_name(tensor.dtype()), shape_text(tensor.shape()));
  fmt::print("bytes in   {}\nbytes out  {}\n", file.size(), tensor.byte_size());
  return 0;
}

}  // namespace

Action define_codec(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.require_subcommand(1);
  CLI::App* encode_command = command.add_subcommand("encode", "turn an .npy array into a packet");
  encode_command->add_option("--codec", options->spec,
                             "stages joined by '|', such as quant:bits=4|zstd");
  CLI::App* decode_command =
      command.add_subcommand("decode", "turn a packet back into an .npy array");
  CLI::App* list_command = command.add_subcommand("list", "list the stages and their settings");
  encode_command->add_option("--calibration", options->calibration,
                             "what `codec calibrate` wrote: its codec, unless --codec is given");
  encode_command->add_option("--value", options->value, "which of the calibration's values it is");
  CLI::App* calibrate_command = command.add_subcommand(
      "calibrate", "find the cheapest codec for a cut that keeps a network's answers");
  const Action calibrate = define_codec_calibrate(*calibrate_command);
  CLI::App* stream_command =
      command.add_subcommand("stream", "send a film's features over a cut, frame by frame");
  const Action stream = define_codec_stream(*stream_command);
  CLI::App* sweep_command = command.add_subcommand(
      "sweep", "bytes and accuracy of every codec at every cut, as CSV and as a picture");
  const Action sweep = define_codec_sweep(*sweep_command);
  CLI::App* table_command =
      command.add_subcommand("table", "measure codecs on a network's values, for cleave plan");
  const Action table = define_codec_table(*table_command);
  CLI::App* trim_command =
      command.add_subcommand("trim", "cut a packet of layers to what there is time for");
  const Action trim = define_codec_trim(*trim_command);
  for (CLI::App* files_command : {encode_command, decode_command}) {
    files_command->add_option("IN", options->in, "file to read")->required();
    files_command->add_option("OUT", options->out, "file to write, whole or not at all")
        ->required();
    files_command->add_flag(
        "--each", options->each,
        "a packet for every slice along the first axis, each behind its length (u32)");
  }
  for (CLI::App* any_command : {encode_command, decode_command, list_command}) {
    any_command->add_flag("--json", options->json, "print JSON");
  }
  return [=]() -> Result<int> {
    if (encode_command->parsed()) return encode(*options);
    if (decode_command->parsed()) return decode(*options);
    if (calibrate_command->parsed()) return calibrate();
    if (stream_command->parsed()) return stream();
    if (sweep_command->parsed()) return sweep();
    if (table_command->parsed()) return table();
    if (trim_command->parsed()) return trim();
    return list(options->json);
  };
}

}  // namespace cleave::app
