// Conditions of probe points: while one does not hold, its probes are not there; whatever changes
// it, the counts are those of a handler that asks first.
#include <bpf/bpf.h>
#include <poll.h>
#include <sys/syscall.h>

#include <set>

#include "runtime/load/pins.h"
#include "tests/support/recording_test.h"

#define PROBED extern "C" __attribute__((noinline, noclone, visibility("default")))

PROBED void stapd_counted() { asm volatile(""); }
PROBED void stapd_switch_on() { asm volatile(""); }
PROBED void stapd_switch_off() { asm volatile(""); }

namespace stapd {
namespace {

using test::program;
using test::run_in_child;

constexpr int kRounds = 500;

std::string function(const std::string& name) { return program() + ".function(\"" + name + "\")"; }
void call_counted() {
  run_in_child([] {
    for (int i = 0; i < kRounds; ++i) stapd_counted();
  });
}

class Conditions : public test::RecordingTest {
 protected:
  // What the kernel says, and not what we believe.
  size_t links() const {
    std::set<uint32_t> programs;
    for (uint32_t i = 0; i < recorder_->image().programs.size(); ++i) {
      bpf_prog_info info = {};
      uint32_t size = sizeof info;
      EXPECT_EQ(bpf_obj_get_info_by_fd(recorder_->program(i), &info, &size), 0);
      programs.insert(info.id);
    }
    size_t count = 0;
    for (uint32_t id = 0; bpf_link_get_next_id(id, &id) == 0;) {
      UniqueFd link(bpf_link_get_fd_by_id(id));
      bpf_link_info info = {};
      uint32_t size = sizeof info;
      if (link.valid() && bpf_obj_get_info_by_fd(link.get(), &info, &size) == 0)
        count += programs.count(info.prog_id);
    }
    return count;
  }

  // As if the time had come.
  void run_next_timer() {
    ASSERT_TRUE(recorder_->next_timer());
    recorder_->run_due_timers(*recorder_->next_timer());
  }

  // Whether programs had something to tell.
  bool hears() {
    pollfd control = {recorder_->control_fd(), POLLIN, 0};
    if (::poll(&control, 1, 0) == 0) return false;
    recorder_->handle_control();
    return true;
  }

  // Of a statistic.
  std::string count(uint64_t n) const { return "@count=" + std::to_string(n) + " "; }
  void expect_count(const std::string& name, uint64_t n) {
    std::string text = global(name);
    if (n == 0)
      EXPECT_NE(text.find("@count=0x0"), text.npos) << text;
    else
      EXPECT_NE(text.find(count(n)), text.npos) << text;
  }
};

TEST_F(Conditions, ATimerArmsAndDisarms) {
  start(
      "global on, hits, guarded\n"
      "probe timer.s(1000) { on = !on }\n"
      "probe " +
      function("stapd_counted") +
      " if (on) { hits <<< 1 }\n"
      "probe " +
      function("stapd_counted") + " { if (on) guarded <<< 1 }\n");
  EXPECT_EQ(links(), 1u);
  call_counted();
  expect_count("hits", 0);
  for (int round = 1; round <= 3; ++round) {
    run_next_timer();
    EXPECT_EQ(links(), 2u);
    call_counted();
    run_next_timer();
    EXPECT_EQ(links(), 1u);
    call_counted();
    expect_count("hits", round * kRounds);
    expect_count("guarded", round * kRounds);
  }
}

TEST_F(Conditions, AProgramTellsOfChangesAndOfNothingElse) {
  start(
      "global on, hits\n"
      "probe " +
      function("stapd_switch_on") +
      " { on = 1 }\n"
      "probe " +
      function("stapd_switch_off") +
      " { on = 0 }\n"
      "probe " +
      function("stapd_counted") + " if (on > 0) { hits <<< 1 }\n");
  EXPECT_EQ(links(), 2u);
  auto switch_often = [](void (*to)()) {
    run_in_child([to] {
      for (int i = 0; i < 100; ++i) to();
    });
  };
  switch_often(stapd_switch_off);
  EXPECT_FALSE(hears());
  for (int round = 1; round <= 3; ++round) {
    switch_often(stapd_switch_on);
    EXPECT_TRUE(hears());
    EXPECT_FALSE(hears());
    EXPECT_EQ(links(), 3u);
    call_counted();
    switch_often(stapd_switch_on);
    EXPECT_FALSE(hears());
    switch_often(stapd_switch_off);
    EXPECT_TRUE(hears());
    EXPECT_EQ(links(), 2u);
    call_counted();
    expect_count("hits", round * kRounds);
  }
}

// Whoever changes it last is heard, however many do at the same time.
TEST_F(Conditions, ManyProgramsAtOnce) {
  start(
      "global on, turns, hits\n"
      "probe " +
      function("stapd_switch_on") +
      " { on = 1 ; turns <<< 1 }\n"
      "probe " +
      function("stapd_switch_off") +
      " { on = 0 ; turns <<< 1 }\n"
      "probe " +
      function("stapd_counted") + " if (on) { hits <<< 1 }\n");
  for (int round = 0; round < 20; ++round) {
    std::vector<pid_t> children;
    for (int child = 0; child < 3; ++child) {
      pid_t pid = fork();
      if (pid == 0) {
        for (int i = 0; i < 300; ++i) i % 2 == child % 2 ? stapd_switch_on() : stapd_switch_off();
        _exit(0);
      }
      children.push_back(pid);
    }
    for (pid_t pid : children)
      while (waitpid(pid, nullptr, WNOHANG) == 0) hears();
    hears();
    bool on = global("on") == "on=1\n";
    ASSERT_EQ(links(), on ? 3u : 2u) << global("on") << "in round " << round;
  }
}

// Also where the handler that changes it ends with an error, or early.
TEST_F(Conditions, AHandlerTellsHoweverItEnds) {
  start(
      "global on, off_by_next, hits\n"
      "probe " +
          function("stapd_switch_on") +
          " { on++ ; error(\"after that\") }\n"
          "probe " +
          function("stapd_switch_off") +
          " { on = 0 ; if (off_by_next++) next }\n"
          "probe " +
          function("stapd_counted") +
          " if (on) { hits <<< 1 }\n"
          "probe error { }\n",
      {}, {{"MAXERRORS", "100"}});
  for (int round = 0; round < 3; ++round) {
    run_in_child(stapd_switch_on);
    EXPECT_TRUE(hears());
    EXPECT_EQ(links(), 3u);
    run_in_child(stapd_switch_off);
    EXPECT_TRUE(hears());
    EXPECT_EQ(links(), 2u);
  }
  EXPECT_EQ(recorder_->state().errors, 3u);
}

TEST_F(Conditions, AProbeDisarmsItself) {
  start("global n\nprobe " + function("stapd_counted") + " if (n < 10) { n++ }\n");
  EXPECT_EQ(links(), 1u);
  call_counted();
  EXPECT_NE(global("n").find("n=10\n"), std::string::npos) << global("n");
  EXPECT_TRUE(hears());
  EXPECT_EQ(links(), 0u);
}

// Its elements come and go; a value that cannot be had leaves the probe armed, whose handler says
// why.
TEST_F(Conditions, ArraysStringsAndErrors) {
  start(
      "global wanted, mode, divisor, hits, calls\n"
      "probe timer.s(1000) { if (calls++ % 2) delete wanted else wanted[\"x\", 7] = 2 }\n"
      "probe timer.s(1500) { mode = mode == \"\" ? \"on\" : \"\" }\n"
      "probe " +
          function("stapd_counted") +
          " if ([\"x\", 7] in wanted && mode == \"on\") "
          "{ hits <<< 1 }\n"
          "probe " +
          function("stapd_switch_on") + " if (10 / divisor) { hits <<< 1 }\n",
      {}, {{"MAXERRORS", "100"}});
  EXPECT_EQ(links(), 1u);
  run_next_timer();  // wanted
  EXPECT_EQ(links(), 1u);
  run_next_timer();  // on
  EXPECT_EQ(links(), 2u);
  call_counted();
  expect_count("hits", kRounds);
  run_next_timer();  // not wanted
  EXPECT_EQ(links(), 1u);
  run_in_child(stapd_switch_on);
  EXPECT_EQ(recorder_->state().errors, 1u);
}

TEST_F(Conditions, ATimerThatIsDisarmedWakesNobody) {
  start(
      "global on = 1, ticks\n"
      "probe " +
      function("stapd_switch_on") +
      " { on = 1 }\n"
      "probe timer.ms(1) if (on) { if (++ticks == 3) on = 0 }\n");
  for (int i = 0; i < 3; ++i) run_next_timer();
  EXPECT_FALSE(recorder_->next_timer());
  run_in_child(stapd_switch_on);
  EXPECT_TRUE(hears());
  EXPECT_TRUE(recorder_->next_timer());
}

TEST_F(Conditions, ProbesOfOneLinkGoTogether) {
  start(
      "global on, hits\n"
      "probe timer.s(1000) { on = !on }\n"
      "probe " +
      function("stapd_*") +
      " if (on) { hits[ppfunc()] <<< 1 }\n"
      "probe " +
      function("stapd_switch_*") + " { hits[ppfunc()] <<< 1 }\n");
  size_t others = links();
  auto call_all = [] {
    stapd_counted();
    stapd_switch_on();
    stapd_switch_off();
  };
  run_in_child(call_all);
  run_next_timer();
  EXPECT_EQ(recorder_->image().conditions.size(), 1u);
  EXPECT_GT(links(), others);
  run_in_child(call_all);
  run_next_timer();
  EXPECT_EQ(links(), others);
  run_in_child(call_all);
  EXPECT_NE(global("hits").find("[\"stapd_counted\"] " + count(1)), std::string::npos)
      << global("hits");
  EXPECT_NE(global("hits").find("[\"stapd_switch_on\"] " + count(4)), std::string::npos)
      << global("hits");
}

// Many system calls share a hook, which goes with the last of them.
TEST_F(Conditions, SystemCallsOfOneHook) {
  RecorderOptions options;
  options.target_pid = static_cast<uint32_t>(getpid());
  start(
      "global on, hits\n"
      "probe timer.s(1000) { on = (on + 1) % 3 }\n"
      "probe syscall.{getppid,getuid,geteuid,getgid,getegid,getpgid,getsid,gettid,alarm,dup,dup2,\n"
      "  pipe,pause,umask,sched_yield,nanosleep,sync} if (on == 1) {\n"
      "  if (pid() == target()) hits[name] <<< 1\n"
      "}\n"
      "probe syscall.times if (on >= 1) { if (pid() == target()) hits[name] <<< 1 }\n",
      options);
  ASSERT_EQ(recorder_->image().dispatches.size(), 1u);
  auto call_both = [] {
    for (int i = 0; i < kRounds; ++i) {
      ::syscall(SYS_getppid);
      ::syscall(SYS_times, nullptr);
    }
  };
  auto expect_counts = [&](int getppid, int times) {
    EXPECT_NE(global("hits").find("[\"getppid\"] " + count(getppid)), std::string::npos)
        << global("hits");
    EXPECT_NE(global("hits").find("[\"times\"] " + count(times)), std::string::npos)
        << global("hits");
  };
  EXPECT_EQ(links(), 0u);
  call_both();
  run_next_timer();
  EXPECT_EQ(links(), 1u);
  call_both();
  expect_counts(kRounds, kRounds);
  run_next_timer();
  EXPECT_EQ(links(), 1u);
  call_both();
  expect_counts(kRounds, 2 * kRounds);
  run_next_timer();
  EXPECT_EQ(links(), 0u);
  call_both();
  expect_counts(kRounds, 2 * kRounds);
}

class PinnedConditions : public Conditions {
 protected:
  void SetUp() override {
    Conditions::SetUp();
    options_.pin_folder = "/sys/fs/bpf/stapd_conditions_" + std::to_string(getpid());
  }
  void TearDown() override {
    recorder_.reset();
    EXPECT_TRUE(remove_pin_folder(options_.pin_folder));
  }
  // As if its process had been killed.
  void adopt() {
    auto image = recorder_->shared_image();
    recorder_.reset();
    auto recorder = Recorder::adopt(image, options_);
    ASSERT_TRUE(recorder) << recorder.error().message;
    recorder_ = std::move(*recorder);
  }

  RecorderOptions options_;
};

TEST_F(PinnedConditions, PinsComeAndGo) {
  start(
      "global on, hits\n"
      "probe timer.s(1000) { on = !on }\n"
      "probe " +
          function("stapd_counted") +
          " if (on) { hits <<< 1 }\n"
          "probe " +
          function("stapd_switch_on") + " { hits <<< 1 }\n",
      options_);
  for (size_t expected : {2, 1, 2}) {
    run_next_timer();
    EXPECT_EQ(links(), expected);
    adopt();
    EXPECT_EQ(links(), expected);
    Status alive = recorder_->prove_alive();
    EXPECT_TRUE(alive) << alive.error().message;
    size_t pins = 0;
    for (const std::string& name : list_pins(options_.pin_folder)) pins += name.starts_with("link");
    EXPECT_EQ(pins, expected);
  }
  call_counted();
  expect_count("hits", kRounds);
  // A link that somebody removed is missed, an armed one as any other.
  for (const std::string& name : list_pins(options_.pin_folder))
    if (name.starts_with("link")) {
      ASSERT_EQ(unlink((options_.pin_folder + "/" + name).c_str()), 0);
      break;
    }
  adopt();
  EXPECT_FALSE(recorder_->prove_alive());
}

// Nobody might be there to arm it: it stays armed, nobody is told, and nothing is missed.
TEST_F(PinnedConditions, WhatProgramsSwitchStaysArmed) {
  start(
      "global on, hits\n"
      "probe " +
          function("stapd_switch_on") +
          " { on = 1 }\n"
          "probe " +
          function("stapd_switch_off") +
          " { on = 0 }\n"
          "probe " +
          function("stapd_counted") + " if (on) { hits <<< 1 }\n",
      options_);
  EXPECT_EQ(links(), 3u);
  for (int round = 1; round <= 2; ++round) {
    call_counted();
    run_in_child([] {
      stapd_switch_on();
      for (int i = 0; i < kRounds; ++i) stapd_counted();
      stapd_switch_off();
    });
    EXPECT_FALSE(hears());
    expect_count("hits", round * kRounds);
    adopt();
    EXPECT_EQ(links(), 3u);
  }
}

}  // namespace
}  // namespace stapd
