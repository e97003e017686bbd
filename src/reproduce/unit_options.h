#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace cleave::reproduce {

/// Of the two chapters on units.
struct UnitOptions {
  std::filesystem::path out;   ///< a folder; made where it is not there
  std::filesystem::path data;  ///< of trained networks; empty: how many times smaller than values
                               ///< and pictures the trained points' codes are is left out
  std::filesystem::path trained;  ///< a file of trained points; empty: what needs training is left
                                  ///< out
  bool measure = true;            ///< else the modelled pair alone
  double budget_s = 120;          ///< of each profile; one that ends before its units leaves
                                  ///< the measured pair out
  /// Told what goes on. May be empty.
  std::function<void(const std::string&)> say;
};

}  // namespace cleave::reproduce
