// What compiling costs: bench_compile ROUNDS SCRIPT... compiles each script ROUNDS times for the
// kernel that runs here and prints a line for each: CPU_MILLISECONDS INSTRUCTIONS PATH (the fastest
// round;
// "- - PATH" for a script that is not accepted). With ROUNDS negative only up to parsing, which is,
// but for the script's own text, the index of the tapset library: nothing is remembered between
// rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>

#include "translator/host/compile_here.h"

namespace {

using stapd::CompileOutcome;

// Of this process: what others on the host do does not show.
double cpu_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Measured {
  double milliseconds = 0;
  size_t instructions = 0;
};

// The fastest of some rounds, from text to image; nothing when the script is not accepted.
std::optional<Measured> measure(const std::string& path, int rounds, stapd::CompilePhase phase) {
  std::ifstream file(path);
  stapd::CompileOptions options;
  options.script_name = path;
  options.script_text.assign(std::istreambuf_iterator<char>(file), {});
  Measured best{1e9, 0};
  for (int round = 0; round < rounds; ++round) {
    double start = cpu_milliseconds();
    auto outcome = stapd::compile_here(options, phase);
    double time = cpu_milliseconds() - start;
    if (!outcome || !outcome->ok) return std::nullopt;
    best.milliseconds = std::min(best.milliseconds, time);
    if (round > 0 || !outcome->image) continue;
    const stapd::ProgramImage& image = *outcome->image;
    for (size_t i = 0; i < image.programs.size(); ++i)
      if (i != image.heartbeat) best.instructions += image.programs[i].insns.size();
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_compile ROUNDS SCRIPT...\n");
    return 2;
  }
  const int rounds = std::max(1, std::abs(std::atoi(argv[1])));
  const auto phase =
      std::atoi(argv[1]) < 0 ? stapd::CompilePhase::parse : stapd::CompilePhase::generate;
  for (int i = 2; i < argc; ++i) {
    auto found = measure(argv[i], rounds, phase);
    if (found)
      std::printf("%.3f %zu %s\n", found->milliseconds, found->instructions, argv[i]);
    else
      std::printf("- - %s\n", argv[i]);
    std::fflush(stdout);
  }
  return 0;
}
