// chaos [ROUNDS [SEED]]: does what can happen to a recorder, at random, under load, and checks
// after every round that the recording is whole and that nothing is left behind. Exit status 1, and
// how to see it again, at the first thing that does not hold.
#include <cstdio>
#include <cstdlib>

#include "tests/chaos/world.h"

namespace {

int complain(uint64_t seed, uint64_t round, const std::string& deed, const std::string& faults) {
  std::fprintf(stderr, "seed %lu, round %lu (%s):\n%s", seed, round, deed.c_str(), faults.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  stapd::test::World world(seed, 2);
  // A first look: else nothing is known of what is recorded when the first deed is a restart.
  world.record_a_while();
  if (std::string faults = world.check(); !faults.empty())
    return complain(seed, 0, "start", faults);
  std::map<std::string, uint64_t> deeds;
  for (uint64_t round = 1; round <= rounds; ++round) {
    std::string deed = world.act();
    ++deeds[deed];
    if (std::string faults = world.check(); !faults.empty())
      return complain(seed, round, deed, faults);
  }
  if (std::string faults = world.end(); !faults.empty())
    return complain(seed, rounds, "end", faults);
  std::printf("seed %lu: %lu rounds, all whole, and the files of %lu recordings and %lu texts\n",
              seed, rounds, world.whole_recordings(), world.whole_texts());
  for (const auto& [deed, count] : deeds) std::printf("%6lu %s\n", count, deed.c_str());
  return 0;
}
