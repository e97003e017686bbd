#include "reproduce/report.h"

#include <fmt/format.h>

namespace cleave::reproduce {

std::string claims_csv(const std::vector<Claim>& claims, std::string_view theirs) {
  std::string csv = fmt::format("claim,{},modelled,measured\n", theirs);
  for (const Claim& c : claims)
    csv += fmt::format("{},{},{},{}\n", csv_field(c.what), csv_field(c.theirs),
                       csv_field(c.modelled), csv_field(c.measured));
  return csv;
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, "reproduce",
              "cannot make '" + folder.string() + "': " + error.message());
}

void add_derived(Report& report, std::string what, std::string theirs, std::string ours) {
  report.claims.push_back({std::move(what), std::move(theirs), std::move(ours), "-"});
}

void leave_out(Report& report, const std::string& what, const std::string& why) {
  report.left_out.push_back(what + ": " + why);
}

Result<void> add_figure(Report& report, const std::filesystem::path& folder, const Figure& figure) {
  CLEAVE_CHECK(write_figure(folder, figure));
  report.figures.push_back(figure.name);
  return {};
}

void draw_all(Report& report, const std::filesystem::path& folder) {
  if (const auto drawn = draw(folder, report.figures); !drawn)
    leave_out(report, "pictures", drawn.error().message + "; the .gp files draw them");
}

}  // namespace cleave::reproduce
