#pragma once

#include <string>
#include <vector>

#include "search/search.h"

namespace cleave::app {

/// What a search came to, to be printed.
struct SearchReport {
  const search::Outcome& outcome;
  const search::Rules& rules;
  std::string objective;
  std::string basis;   ///< of the costs
  std::string bundle;  ///< folder; empty where none was written
};

/// On stderr, before the first training.
void print_beginning(const std::vector<search::Candidate>& candidates, const search::Rules& rules);
/// On stderr, a line for each training.
void print_record(const search::Record& record, search::Effort effort);
/// The table and what was saved, or "cleave-search-report/1".
void print(const SearchReport& report, bool as_json);

}  // namespace cleave::app
