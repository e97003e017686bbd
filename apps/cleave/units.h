#pragma once

#include <string>

namespace cleave::app {

/// "1.2 MB", "812 B"; powers of 1000.
std::string bytes_text(double bytes);
/// "1.8 G", "23.1 M", "907"; for counts.
std::string count_text(double count);

}  // namespace cleave::app
