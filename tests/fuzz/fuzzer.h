// What a fuzzer defines. The entry point is libFuzzer's, so that a fuzzer also builds with
// `clang++ -fsanitize=fuzzer`; in the suite driver.cpp calls it for a bounded time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace stapd::test {

// Good inputs to start from, beside the files of tests/fuzz/corpus/NAME. A fuzzer that has none
// does not define it.
[[gnu::weak]] std::vector<std::string> fuzz_seeds();

}  // namespace stapd::test
