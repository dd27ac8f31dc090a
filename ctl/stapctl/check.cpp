// stapctl check: would this script record here? Nothing is armed.
#include <cstdio>

#include "ctl/show/ledger_text.h"
#include "ctl/stap/read_scripts.h"
#include "ctl/stapctl/script_argument.h"
#include "ctl/stapctl/verb.h"
#include "runtime/load/load_program.h"

namespace stapd::ctl {
namespace {

// The ring's size makes no difference to the verifier.
constexpr uint32_t kRingBytes = 1 << 20;

uint64_t bytes_of_arrays(const ProgramImage& image) {
  uint64_t bytes = 0;
  for (size_t i = kFixedMaps; i < image.maps.size(); ++i)
    bytes +=
        uint64_t{image.maps[i].key_size + image.maps[i].value_size} * image.maps[i].max_entries;
  return bytes;
}

void print_probe(const ProgramImage& image, const ProbeSpec& probe) {
  std::string where = "in stapd";
  if (probe.program) {
    const ProgramSpec& program = image.programs[*probe.program];
    where = fmt::format("{} instructions", program.insns.size());
  }
  fmt::print("  {:<50} {}{}\n", probe.alias.empty() ? probe.point : probe.alias, where,
             probe.optional ? ", may be missing" : "");
}

void print_report(const ProgramImage& image) {
  size_t instructions = 0;
  for (const ProgramSpec& program : image.programs) instructions += program.insns.size();
  fmt::print("{}: {}\n", image.script_name, counted(image.probes.size(), "probe"));
  for (const ProbeSpec& probe : image.probes) print_probe(image, probe);
  fmt::print("{} of {}, accepted by the verifier; {}", counted(image.programs.size(), "program"),
             counted(instructions, "instruction"), counted(image.globals.size(), "global"));
  if (uint64_t bytes = bytes_of_arrays(image))
    fmt::print(", up to {} KiB of arrays", (bytes >> 10) + 1);
  fmt::print("\n");
}

Status load_all(const ProgramImage& image) {
  STAPD_ASSIGN(MapSet maps, MapSet::create(image, kRingBytes));
  for (const ProgramSpec& program : image.programs) STAPD_TRY(load_program(image, program, maps));
  return {};
}

VerbResult<int> check(const Invocation& invocation) {
  STAPD_ASSIGN(StapOptions options, from_caller(script_argument(invocation.line)));
  STAPD_TRY(read_scripts(options));
  STAPD_ASSIGN(std::optional<CompileOutcome> outcome,
               compile_script(options, CompilePhase::generate));
  if (!outcome) return 1;
  STAPD_TRY(load_all(*outcome->image));
  print_report(*outcome->image);
  return 0;
}

}  // namespace

const Verb kCheck = {"check",
                     "[STAP-OPTION...] SCRIPT [ARGUMENT...]",
                     "compile a script, take it through the verifier, start nothing",
                     {},
                     true,
                     0,
                     Verb::kAnyNumber,
                     AfterOperand::operands_only,
                     check};

}  // namespace stapd::ctl
