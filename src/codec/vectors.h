#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// Vectors are arguments of functions that are always inlined: how a call would pass them is moot.
#pragma GCC diagnostic ignored "-Wpsabi"

/// Vectors for inner loops that are compiled once per instruction set.
namespace cleave::codec {

#define CLEAVE_LOOP [[gnu::always_inline]] inline

// Vectors that compilers take apart where an instruction set has none so long.
constexpr std::size_t kLanes = 8;
using Floats = float __attribute__((vector_size(32)));
using Integers = std::int32_t __attribute__((vector_size(32)));

using WideFloats = float __attribute__((vector_size(64)));
using WideIntegers = std::int32_t __attribute__((vector_size(64)));
using Bytes8 = std::uint8_t __attribute__((vector_size(8)));

template <class T>
struct LanesOf;
template <>
struct LanesOf<float> {
  using Type = Floats;
};
template <>
struct LanesOf<std::int32_t> {
  using Type = Integers;
};
template <class T>
using Lanes = typename LanesOf<T>::Type;

/// From and to memory of any alignment.
template <class Vector, class T>
CLEAVE_LOOP Vector load(const T* at) {
  Vector values;
  std::memcpy(&values, at, sizeof values);
  return values;
}
template <class T>
CLEAVE_LOOP Lanes<T> lanes(const T* at) {
  return load<Lanes<T>>(at);
}
template <class Vector, class T>
CLEAVE_LOOP void store(T* at, const Vector& values) {
  std::memcpy(at, &values, sizeof values);
}

}  // namespace cleave::codec
