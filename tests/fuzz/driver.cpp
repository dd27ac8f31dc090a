// Runs a fuzzer where libFuzzer does not: on its seeds, the files of the given folders, and changes
// of them. `fuzz_NAME [-seed=N] [-max_total_time=SECONDS] FOLDER|FILE...`, as libFuzzer; the same
// seed gives the same inputs. An input that crashes is in the file that is named at the start, and
// `fuzz_NAME FILE` runs it again.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/fuzzer.h"

namespace stapd::test {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string mutate(std::string bytes, const std::vector<std::string>& others) {
    int changes = 1 << below(5);
    for (int i = 0; i < changes; ++i) change(bytes, others);
    return bytes;
  }
  size_t below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }

 private:
  void change(std::string& bytes, const std::vector<std::string>& others) {
    size_t at = below(bytes.size());
    switch (below(8)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<char>(1 << below(8));
        return;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random_());
        return;
      case 2:
        bytes.resize(at);
        return;
      case 3:
        bytes.erase(at, below(64));
        return;
      case 4:
        bytes.insert(at, below(64), static_cast<char>(random_()));
        return;
      case 5: {
        const std::string& other = others[below(others.size())];
        size_t from = below(other.size());
        bytes.insert(at, other.substr(from, below(256)));
        return;
      }
      default:
        return put_number(bytes);
    }
  }
  // Sizes, counts and offsets live at multiples of 4, and break at their limits.
  void put_number(std::string& bytes) {
    static constexpr uint32_t kNumbers[] = {
        0, 1, 2, 3, 8, 0x7f, 0xff, 0xffff, 65536, 0x7fffffff, 1u << 31, 0xfffffff0, 0xffffffff};
    if (bytes.size() < 4) return;
    uint32_t number = kNumbers[below(std::size(kNumbers))];
    if (below(3) == 0) number = static_cast<uint32_t>(below(bytes.size() + 8));
    size_t at = below(bytes.size() / 4) * 4;
    std::memcpy(&bytes[at], &number, std::min<size_t>(4, bytes.size() - at));
  }

  std::mt19937 random_;
};

void run(const std::string& bytes) {
  // A copy of the exact size, so that a read behind its end is one behind an allocation.
  std::vector<uint8_t> copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

int run_all(double seconds, uint32_t seed, const std::vector<std::string>& seeds,
            const fs::path& last_input) {
  using Clock = std::chrono::steady_clock;
  auto end = Clock::now() + std::chrono::duration<double>(seconds);
  Mutator mutator(seed);
  uint64_t inputs = 0;
  for (const std::string& s : seeds) run(s);
  for (; Clock::now() < end; ++inputs) {
    std::string bytes = mutator.mutate(seeds[mutator.below(seeds.size())], seeds);
    std::ofstream(last_input, std::ios::binary | std::ios::trunc) << bytes;
    run(bytes);
  }
  std::error_code ignored;
  fs::remove(last_input, ignored);
  std::printf("%zu seeds, %llu inputs\n", seeds.size(), static_cast<unsigned long long>(inputs));
  return 0;
}

}  // namespace

int fuzz_main(int argc, char** argv) {
  std::vector<std::string> seeds = {""};
  if (fuzz_seeds) seeds = fuzz_seeds();
  std::vector<std::string> files;
  double seconds = 2;
  uint32_t seed = std::random_device()();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("-seed=")) {
      seed = static_cast<uint32_t>(std::strtoul(word.c_str() + 6, nullptr, 10));
    } else if (word.starts_with("-max_total_time=")) {
      seconds = std::atof(word.c_str() + 16);
    } else if (fs::is_directory(word)) {
      for (const auto& entry : fs::recursive_directory_iterator(word))
        if (entry.is_regular_file()) seeds.push_back(read_file(entry.path()));
    } else {
      files.push_back(word);
    }
  }
  if (!files.empty()) {
    for (const std::string& file : files) run(read_file(file));
    return 0;
  }
  fs::path last_input = fs::temp_directory_path() /
                        (fs::path(argv[0]).filename().string() + "." + std::to_string(seed));
  std::printf("seed %u, the input under way is in %s\n", seed, last_input.c_str());
  std::fflush(stdout);
  return run_all(seconds, seed, seeds, last_input);
}

}  // namespace stapd::test

int main(int argc, char** argv) { return stapd::test::fuzz_main(argc, argv); }
