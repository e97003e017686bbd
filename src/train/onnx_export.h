#pragma once

// Networks back into ONNX. Private to the module.
#include <string>

#include "train/network.h"
#include "train/onnx_module.h"

namespace cleave::train {

/// The network's bytes, with its constants in the types that they have in the file.
Result<std::string> write_network(const Network& network, const ExportOptions& options);

}  // namespace cleave::train
