#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reproduce/figure.h"

namespace cleave::reproduce {

/// What a paper's text says of a result, and what came out here; "-" where nothing did.
struct Claim {
  std::string what;
  std::string theirs;
  std::string modelled;
  std::string measured;
};

/// What was made of a paper.
struct Report {
  /// Of the modelled machines and, where anything was measured, of this one: what they are.
  std::vector<std::string> machines;
  std::vector<Claim> claims;
  std::vector<std::string> figures;   ///< names of the files
  std::vector<std::string> left_out;  ///< what could not be made, and why
};

/// `theirs` is the name of that column.
std::string claims_csv(const std::vector<Claim>& claims, std::string_view theirs);

/// kIo where it is not there and cannot be made.
Result<void> make_folder(const std::filesystem::path& folder);

/// Adds a claim that follows from shapes and tables, whatever machine there is.
void add_derived(Report& report, std::string what, std::string theirs, std::string ours);

/// Adds a claim of what each pair of machines made: the modelled one's answers come first, and the
/// measured one's, where there are any, last. `of` tells answers as a text.
template <class Answers, class Of>
void add_told(Report& report, const std::vector<Answers>& answers, std::string what,
              std::string theirs, const Of& of) {
  const std::string measured = answers.size() > 1 ? of(answers.back()) : std::string("-");
  report.claims.push_back({std::move(what), std::move(theirs), of(answers.front()), measured});
}

/// What is missing costs its own figures, not all that was made.
void leave_out(Report& report, const std::string& what, const std::string& why);

/// Writes a figure and lists it.
Result<void> add_figure(Report& report, const std::filesystem::path& folder, const Figure& figure);

/// Draws the figures that are listed; where that cannot be, their pictures are left out.
void draw_all(Report& report, const std::filesystem::path& folder);

}  // namespace cleave::reproduce
