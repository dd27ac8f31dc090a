// The table of system calls against the events that the host's kernel has.
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <filesystem>
#include <set>

#include "translator/arch/syscalls.h"

namespace stapd::arch {
namespace {

TEST(SystemCalls, OfTheTableHaveEvents) {
  std::filesystem::path events = "/sys/kernel/tracing/events/syscalls";
  if (!std::filesystem::exists(events)) GTEST_SKIP() << "no tracefs with system calls";
  utsname name = {};
  ASSERT_EQ(::uname(&name), 0);
  const Machine* machine = find_machine(name.machine);
  ASSERT_NE(machine, nullptr) << name.machine;

  std::set<std::string> known;
  for (const SystemCall& call : system_calls(*machine)) {
    known.insert("sys_enter_" + std::string(tracefs_name_of_system_call(call.name)));
  }
  std::string unknown;
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(events)) {
    std::string event = entry.path().filename();
    if (!event.starts_with("sys_enter_")) continue;
    if (known.contains(event))
      ++found;
    else
      unknown += event + " ";
  }
  EXPECT_GT(found, 300);
  // A kernel younger than this table may have a few that scripts cannot name yet.
  EXPECT_LT(unknown.size(), 200u) << unknown;
}

}  // namespace
}  // namespace stapd::arch
