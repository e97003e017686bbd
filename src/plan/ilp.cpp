#include "plan/ilp.h"

#include <Cbc_C_Interface.h>

#include <algorithm>
#include <memory>

#include "plan/schedule_graph.h"

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.ilp";
constexpr std::array kSides{Side::kDevice, Side::kCloud};

struct CbcDeleter {
  void operator()(void* model) const { Cbc_deleteModel(model); }
};

/// One row of the programme under construction.
struct Row {
  std::vector<int> columns;
  std::vector<double> weights;

  void add(int column, double weight) {
    columns.push_back(column);
    weights.push_back(weight);
  }
};

class Programme {
 public:
  explicit Programme(const ScheduleProblem& problem) : problem_(problem), graph_(problem) {
    Cbc_setLogLevel(cbc_.get(), 0);
    for (const char* gap : {"ratioGap", "allowableGap"}) Cbc_setParameter(cbc_.get(), gap, "0");
    for (const char* tolerance : {"primalTolerance", "dualTolerance", "integerTolerance"})
      Cbc_setParameter(cbc_.get(), tolerance, "1e-9");
  }

  Result<Solution> run() {
    add_groups();
    add_transfers();
    add_covers();
    for (std::size_t r = 0; r < graph_.limits().size(); ++r)
      if (graph_.limits()[r]) add_limit(r, *graph_.limits()[r]);
    Cbc_solve(cbc_.get());
    if (Cbc_isProvenInfeasible(cbc_.get()) != 0) return Solution{};
    if (Cbc_isProvenOptimal(cbc_.get()) == 0)
      return fail(ErrorCode::kInternal, kPlace,
                  "CBC found neither an optimum nor that there is none");
    return read();
  }

 private:
  struct Variable {
    ScheduledGroup group;
    int column;
  };

  int add_column(const Costs& costs, bool binary) {
    Cbc_addCol(cbc_.get(), "", 0, 1, costs[graph_.objective()], binary ? 1 : 0, 0, nullptr,
               nullptr);
    costs_.push_back(costs);
    return static_cast<int>(costs_.size()) - 1;
  }

  void add_row(const Row& row, char sense, double right) {
    Cbc_addRow(cbc_.get(), "", static_cast<int>(row.columns.size()), row.columns.data(),
               row.weights.data(), sense, right);
  }

  /// m and c, with what is always paid for them: the first group's upload and the last one's
  /// download.
  void add_groups() {
    const int layers = graph_.layers();
    starting_.resize(static_cast<std::size_t>(layers));
    for (int k = 0; k < layers; ++k) {
      for (const Side side : kSides) {
        for (const Group& step : graph_.steps(k, side)) {
          Costs costs = costs_of(step, side);
          if (side == Side::kCloud && k == 0) costs = costs + graph_.transfer(0, Side::kCloud);
          if (side == Side::kCloud && step.last == layers)
            costs = costs + graph_.transfer(layers, Side::kDevice);
          const int column = add_column(costs, true);
          groups_.push_back({{k + 1, step.last, side}, column});
          starting_[static_cast<std::size_t>(k)][index(side)].push_back(column);
        }
      }
    }
  }

  /// u and d: 1 where a group's output crosses to the one behind it.
  void add_transfers() {
    for (const Variable& v : groups_) {
      const Side to = other(v.group.side);
      if (v.group.last == graph_.layers()) continue;
      const auto& behind = starting_[static_cast<std::size_t>(v.group.last)][index(to)];
      if (behind.empty()) continue;
      Row row;
      row.add(add_column(graph_.transfer(v.group.last, to), false), 1);
      row.add(v.column, -1);
      for (const int column : behind) row.add(column, -1);
      add_row(row, 'G', -1);
    }
  }

  void add_covers() {
    std::vector<Row> covers(static_cast<std::size_t>(graph_.layers()));
    for (const Variable& v : groups_) {
      for (int layer = v.group.first; layer <= v.group.last; ++layer)
        covers[static_cast<std::size_t>(layer) - 1].add(v.column, 1);
    }
    for (const Row& cover : covers) add_row(cover, 'E', 1);
  }

  void add_limit(std::size_t resource, double limit) {
    // Relative to the limit, because CBC's tolerances are absolute.
    const double scale = limit > 0 ? 1 / limit : 1;
    Row row;
    for (std::size_t column = 0; column < costs_.size(); ++column) {
      if (costs_[column][resource] > 0)
        row.add(static_cast<int>(column), costs_[column][resource] * scale);
    }
    add_row(row, 'L', limit * scale);
  }

  Result<Solution> read() {
    const double* values = Cbc_getColSolution(cbc_.get());
    std::vector<ScheduledGroup> chosen;
    for (const Variable& v : groups_)
      if (values[v.column] > 0.5) chosen.push_back(v.group);
    std::ranges::sort(chosen, {}, &ScheduledGroup::first);
    Schedule schedule = CLEAVE_TRY(evaluate(problem_, std::move(chosen)));
    if (!within(schedule, problem_.limits))
      return fail(ErrorCode::kInternal, kPlace, "CBC's schedule breaks a limit, by its tolerances");
    const double cost = objective_of(schedule, problem_.objective);
    return Solution{Status::kOptimal, std::move(schedule), cost};
  }

  const ScheduleProblem& problem_;
  ScheduleGraph graph_;
  std::unique_ptr<void, CbcDeleter> cbc_{Cbc_newModel()};
  std::vector<Costs> costs_;  // by column
  std::vector<Variable> groups_;
  std::vector<std::array<std::vector<int>, 2>> starting_;  // columns by boundary and side
};

}  // namespace

Result<Solution> integer_program(const ScheduleProblem& problem) {
  return Programme(problem).run();
}

}  // namespace cleave::plan
