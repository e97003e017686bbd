// cleave codec trim: a packet of layers, cut to what a link has time for.
#include "codec_trim.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/spec.h"
#include "codec/packet.h"

namespace cleave::app {
namespace {

struct Args {
  std::string in;
  std::string out;
  std::string payload;
};

Result<int> run(const Args& args) {
  const auto most = static_cast<std::size_t>(CLEAVE_TRY(parse_size_bytes(args.payload)));
  const std::string file = CLEAVE_TRY(read_file(args.in));
  const Bytes trimmed = CLEAVE_TRY(codec::trim_packet(as_bytes(file), most));
  CLEAVE_CHECK(write_file(args.out, as_text(trimmed)));
  const auto payload_of = [](std::span<const std::byte> packet) -> Result<std::uint64_t> {
    return CLEAVE_TRY(codec::peek_packet(packet)).payload_bytes;
  };
  fmt::print("payload    {} of {} bytes\n", CLEAVE_TRY(payload_of(trimmed)),
             CLEAVE_TRY(payload_of(as_bytes(file))));
  return 0;
}

}  // namespace

std::function<Result<int>()> define_codec_trim(CLI::App& command) {
  const auto args = std::make_shared<Args>();
  command.add_option("IN", args->in, "packet to read")->required();
  command.add_option("OUT", args->out, "packet to write, whole or not at all")->required();
  command.add_option("--payload", args->payload, "most bytes that the payload may keep, as 2KB")
      ->required();
  return [args] { return run(*args); };
}

}  // namespace cleave::app
