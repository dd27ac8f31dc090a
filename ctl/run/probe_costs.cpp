#include "ctl/run/probe_costs.h"

#include <cstdio>

#include "runtime/load/program_costs.h"

namespace stapd::ctl {
namespace {

std::string place_text(const ProgramImage& image, const ProbeSpec& probe) {
  if (probe.where >= image.source_map.size()) return "";
  const SourcePosition& place = image.source_map[probe.where];
  return fmt::format(" ({}:{}:{}),", place.file, place.line, place.column);
}

// The kernel counts runs and their sum; handlers that run in this process are not programs.
std::string cost_text(const Recorder& recorder, const ProbeSpec& probe) {
  if (!probe.program) return "runs in stap";
  ProgramCost cost = cost_of(recorder.program(*probe.program));
  if (!cost.runs) return "hits: 0";
  return fmt::format("hits: {}, time: {}ns avg", cost.runs, cost.ns / cost.runs);
}

}  // namespace

Result<ProbeCosts> ProbeCosts::count() {
  STAPD_ASSIGN(UniqueFd counting, count_program_costs());
  return ProbeCosts(std::move(counting));
}

void ProbeCosts::print(const Recorder& recorder) const {
  const ProgramImage& image = recorder.image();
  std::fputs("----- probe hit report:\n", stderr);
  for (size_t i = 0; i < image.probes.size(); ++i) {
    const ProbeSpec& probe = image.probes[i];
    fmt::print(stderr, "{},{} {}, from: {}, index: {}\n", probe.point, place_text(image, probe),
               cost_text(recorder, probe), probe.alias, i);
  }
}

}  // namespace stapd::ctl
