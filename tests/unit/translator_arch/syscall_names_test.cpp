// The tapset's names of system calls against the table that we are built with.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "translator/arch/syscalls.h"

namespace stapd::arch {
namespace {

TEST(TapsetOfSystemCalls, KnowsTheTablesNames) {
  std::ifstream file(STAPD_SOURCE_DIR "/tapsets/syscalls/names_x86_64.stp");
  ASSERT_TRUE(file);
  std::map<uint32_t, std::string> names;
  std::map<std::string, uint32_t> numbers;
  for (std::string line; std::getline(file, line);) {
    char name[64];
    unsigned number = 0;
    if (std::sscanf(line.c_str(), " if (num == %u) return \"%63[^\"]\"", &number, name) == 2) {
      EXPECT_TRUE(names.emplace(number, name).second) << number << " occurs twice";
    } else if (std::sscanf(line.c_str(), " if (name == \"%63[^\"]\") return %u", name, &number) ==
               2) {
      EXPECT_TRUE(numbers.emplace(name, number).second) << name << " occurs twice";
    }
  }
  constexpr uint32_t kLastKnown = 469;  // headers of another host may have younger ones
  EXPECT_EQ(names.size(), numbers.size());
  for (const SystemCall& call : system_calls(kX86_64)) {
    if (call.number > kLastKnown) continue;
    EXPECT_EQ(names[call.number], call.name);
    ASSERT_TRUE(numbers.contains(std::string(call.name))) << call.name;
    EXPECT_EQ(numbers[std::string(call.name)], call.number);
  }
}

}  // namespace
}  // namespace stapd::arch
