#pragma once

// What holds of every network and every cut, told a second way: from names and records alone.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <set>
#include <string>

#include "graph/model.h"

namespace cleave::graph {

using NameSet = std::set<std::string>;

onnx::ModelProto parse_onnx(const std::string& bytes);
NameSet names_of(const std::vector<TensorSpec>& specs);

/// The ONNX project's own checker accepts the network. It stops at IR version 8.
void expect_valid(const std::string& bytes);

/// Names that a node reads, those captured by bodies included; written apart from the library's
/// own.
NameSet reads_of(const onnx::NodeProto& node);

/// Layers hold every live node once, in an order that runs; every cut's crossing values are what
/// the definition gives; halves are valid, hold just the right nodes and only weights they read.
/// Every `stride`-th cut is taken apart.
void expect_sound(const Model& model, std::size_t stride = 1);

}  // namespace cleave::graph
