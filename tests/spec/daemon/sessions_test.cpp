// Sessions of a real stapd, by its private socket: profiles in, recordings out.
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

// Runs a program, so that there is an exec to be seen.
void exec_true() {
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(127);
  }
  waitpid(pid, nullptr, 0);
}

constexpr char kExecs[] =
    "global n\n"
    "probe begin { printf(\"begins\\n\") }\n"
    "probe kernel.trace(\"sched_process_exec\") { n++\n"
    "  if (execname() == \"true\") printf(\"exec of %s\\n\", execname()) }\n"
    "probe end { printf(\"ends\\n\") }\n";

TEST(Sessions, RecordFromProfileToText) {
  DaemonUnderTest daemon;
  daemon.add_profile("execs", kExecs, "Description=every exec\nStart=manual\n");
  daemon.start();
  BusClient& client = daemon.client();
  ASSERT_EQ(client.list().size(), 1u);
  EXPECT_EQ(client.list()[0].name, "execs");
  EXPECT_EQ(client.list()[0].state, "inactive");
  EXPECT_EQ(client.list()[0].description, "every exec");
  EXPECT_FALSE(client.open("execs"));
  EXPECT_EQ(client.error_name(), "org.stapd.Stapd1.Error.NotRecording");

  ASSERT_TRUE(client.start("execs")) << client.error();
  EXPECT_TRUE(client.start("execs")) << "what records already is no error";
  EXPECT_EQ(client.state_of("execs"), "recording");
  EXPECT_TRUE(daemon.has_pins_of("execs"));
  exec_true();
  auto recording = client.open("execs");
  ASSERT_TRUE(recording) << client.error();
  EXPECT_EQ(recording->text(), "begins\nexec of true\n");
  auto statistics = client.statistics("execs");
  EXPECT_EQ(statistics["Produced"], 2u);
  EXPECT_EQ(statistics["Kept"], 2u);
  EXPECT_EQ(statistics["Overwritten"], 0u);
  EXPECT_GT(statistics["DepthNSec"], 0u);
  EXPECT_EQ(client.globals("execs").substr(0, 2), "n=");

  ASSERT_TRUE(client.stop("execs"));
  EXPECT_EQ(client.state_of("execs"), "stopped");
  exec_true();
  EXPECT_EQ(client.open("execs")->text(), "begins\nexec of true\nends\n");
  EXPECT_FALSE(daemon.has_pins()) << "nothing records any more";

  ASSERT_TRUE(client.start("execs"));
  EXPECT_EQ(client.open("execs")->text(), "begins\n") << "a new recording";
}

TEST(Sessions, AScriptWithSystemTapsOptions) {
  DaemonUnderTest daemon;
  std::string folder = daemon.root() + "/etc/stapd/script.d/";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "plain.stp") << "global n = 1\nprobe begin { printf(\"%d\\n\", n) }\n";
  std::ofstream(folder + "given.stp")
      << "global n = 1\n"
         "probe begin { printf(\"%d %d\\n\", n, target()) for (i = 0; i < 100; i++) n++ }\n"
         "probe error { printf(\"failed\\n\") }\n";
  std::ofstream(folder + "given.options") << "STAP_OPTIONS=\"-D MAXACTION_INTERRUPTIBLE=20 -D "
                                             "MAXERRORS=0 -x 123\"\nSTAPRUN_OPTIONS='n=5 -b 2'\n";
  daemon.start();
  EXPECT_EQ(daemon.client().state_of("plain"), "inactive") << "nobody asked for it";
  ASSERT_TRUE(daemon.client().start("plain")) << daemon.client().error();
  EXPECT_EQ(daemon.client().open("plain")->text(), "1\n");
  daemon.client().start("given");
  ASSERT_TRUE(daemon.client().open("given")) << daemon.log();
  EXPECT_EQ(daemon.client().open("given")->text(), "5 123\nfailed\n") << daemon.log();
}

TEST(Sessions, TheLogSaysWhoAsked) {
  DaemonUnderTest daemon;
  daemon.add_profile("execs", kExecs, "Start=manual\n");
  daemon.start();
  daemon.client().start("execs");
  daemon.client().open("execs");
  daemon.client().stop("execs");
  daemon.client().reload();
  std::string self = fmt::format("[{}], user 0\n", getpid());
  for (const char* what : {"execs: asked to start by ", "execs: read by ",
                           "execs: asked to stop by ", "asked to read the profiles by "})
    EXPECT_TRUE(daemon.says(what + std::string("unit_spec_daemo") + self)) << what << daemon.log();
}

TEST(Sessions, StartWithTheDaemonUnlessTheySayManual) {
  DaemonUnderTest daemon;
  daemon.add_profile("with", kExecs);
  daemon.add_profile("without", kExecs, "Start=manual\n");
  daemon.start();
  EXPECT_TRUE(wait_until([&] { return daemon.client().state_of("with") == "recording"; }));
  EXPECT_EQ(daemon.client().state_of("without"), "inactive");
}

TEST(Sessions, ExitEndsTheSessionAlone) {
  DaemonUnderTest daemon;
  daemon.add_profile("exits", on_marked_call("exit()") + "probe end { printf(\"bye\\n\") }\n");
  daemon.add_profile("stays", kExecs);
  daemon.start();
  ASSERT_TRUE(daemon.client().start("exits")) << daemon.client().error();
  ASSERT_TRUE(daemon.client().start("stays")) << daemon.client().error();
  ::syscall(marked_call());
  EXPECT_TRUE(wait_until([&] { return daemon.client().state_of("exits") == "stopped"; }));
  EXPECT_EQ(daemon.client().open("exits")->text(), "bye\n");
  EXPECT_EQ(daemon.client().state_of("stays"), "recording");
  EXPECT_FALSE(daemon.has_pins_of("exits"));
}

TEST(Sessions, ExitInBeginIsAStartAndAnEnd) {
  DaemonUnderTest daemon;
  daemon.add_profile("short", "probe begin { printf(\"all\\n\") exit() }\n", "Start=manual\n");
  daemon.start();
  EXPECT_TRUE(daemon.client().start("short")) << daemon.client().error();
  EXPECT_EQ(daemon.client().state_of("short"), "stopped");
  EXPECT_EQ(daemon.client().open("short")->text(), "all\n");
}

TEST(Sessions, ErrorsBeyondTheBudgetFailIt) {
  DaemonUnderTest daemon;
  const std::string script =
      "global zero\nprobe timer.ms(1) { printf(\"%d\\n\", 1 / zero) }\n"
      "probe begin { zero = 0 }\nprobe error { printf(\"failed\\n\") }\n";
  daemon.add_profile("strict", script, "ErrorBudget=3\n");
  daemon.add_profile("lenient", script);
  daemon.start();
  EXPECT_TRUE(wait_until([&] { return daemon.client().state_of("strict") == "failed"; }));
  EXPECT_EQ(daemon.client().open("strict")->text(), "failed\n");
  EXPECT_NE(daemon.client().text_property("strict", "Failure").find("division by 0"),
            std::string::npos);
  EXPECT_TRUE(wait_until([&] { return daemon.client().statistics("lenient")["Errors"] > 4; }));
  EXPECT_EQ(daemon.client().state_of("lenient"), "recording");
}

TEST(Sessions, CommandsOfSystemRunByThemselves) {
  DaemonUnderTest daemon;
  std::string file = daemon.root() + "/touched";
  daemon.add_profile("runs", on_marked_call("system(\"touch " + file + "\")"));
  daemon.start();
  ASSERT_TRUE(daemon.client().start("runs")) << daemon.client().error();
  ::syscall(marked_call());
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(file); }));
}

TEST(Sessions, TimersRun) {
  DaemonUnderTest daemon;
  daemon.add_profile("ticks", "probe timer.ms(20) { printf(\"tick\\n\") }\n");
  daemon.start();
  ASSERT_TRUE(daemon.client().start("ticks"));
  auto recording = daemon.client().open("ticks");
  EXPECT_TRUE(wait_until([&] { return recording->text().starts_with("tick\ntick\ntick\n"); }));
}

TEST(Sessions, RecordsWithoutTimeAreShorter) {
  DaemonUnderTest daemon;
  daemon.add_profile("timeless", marked_script(), "[Memory]\nTime=no\n");
  daemon.start();
  ASSERT_TRUE(daemon.client().start("timeless")) << daemon.client().error();
  auto recording = daemon.client().open("timeless");
  ASSERT_TRUE(recording);
  size_t timeless = 0;
  for (const RecordFormat& format : recording->info().formats)
    timeless += format.channel == RecordChannel::output && !format.has_time;
  EXPECT_GT(timeless, 0u);
}

TEST(Sessions, AnswerToTheObjectManager) {
  DaemonUnderTest daemon;
  daemon.add_profile("a.name-with@signs", kExecs, "Start=manual\n");
  daemon.start();
  ASSERT_TRUE(daemon.client().start("a.name-with@signs")) << daemon.client().error();
  EXPECT_EQ(daemon.client().text_property("a.name-with@signs", "Name"), "a.name-with@signs");
  EXPECT_EQ(daemon.client().managed_objects(),
            std::vector<std::string>{"/org/stapd/Stapd1/session/a_2ename_2dwith_40signs"});
}

TEST(Sessions, ReloadTellsTheDifferenceAndTouchesNothing) {
  DaemonUnderTest daemon;
  daemon.add_profile("same", kExecs);
  daemon.add_profile("changes", kExecs);
  daemon.add_profile("goes", kExecs, "Start=manual\n");
  daemon.start();
  ASSERT_TRUE(daemon.client().start("same"));
  ASSERT_TRUE(daemon.client().start("changes"));
  EXPECT_EQ(daemon.client().reload(), std::vector<std::string>{});
  daemon.add_profile("changes", "probe begin { printf(\"other\\n\") }\n");
  daemon.add_profile("comes", kExecs);
  std::filesystem::remove(daemon.conf_folder() + "/goes.conf");
  std::vector<std::string> lines = daemon.client().reload();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].starts_with("changes: changed; what records goes on as it was"));
  EXPECT_EQ(lines[1], "comes: new");
  EXPECT_EQ(lines[2], "goes: its profile is gone");
  EXPECT_TRUE(wait_until([&] { return daemon.client().state_of("goes").empty(); }));
  EXPECT_EQ(daemon.client().open("changes")->text(), "begins\n");
  daemon.client().stop("changes");
  ASSERT_TRUE(daemon.client().start("changes")) << daemon.client().error();
  EXPECT_EQ(daemon.client().open("changes")->text(), "other\n");
}

TEST(Sessions, TenAtOnceStartAndStop) {
  DaemonUnderTest daemon;
  for (int i = 0; i < 10; ++i) daemon.add_profile("s" + std::to_string(i), kExecs);
  daemon.start();
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(daemon.client().start("s" + std::to_string(i))) << daemon.client().error();
  EXPECT_EQ(daemon.client().stop_all().size(), 10u);
  EXPECT_FALSE(daemon.has_pins());
}

TEST(Sessions, WhatSomebodyStoppedStaysStopped) {
  DaemonUnderTest daemon;
  daemon.add_profile("stopped", kExecs);
  daemon.add_profile("other", kExecs);
  auto both_record = [&] {
    return daemon.client().state_of("stopped") == "recording" &&
           daemon.client().state_of("other") == "recording";
  };
  daemon.start();
  ASSERT_TRUE(wait_until(both_record));
  ASSERT_TRUE(daemon.client().stop("stopped"));
  daemon.kill_now();
  daemon.start();
  ASSERT_TRUE(wait_until([&] { return daemon.client().state_of("other") == "recording"; }));
  EXPECT_EQ(daemon.client().state_of("stopped"), "inactive");
  EXPECT_TRUE(daemon.says("stopped: was stopped: it records when it is started"));
  ASSERT_TRUE(daemon.client().start("stopped"));
  daemon.kill_now();
  daemon.start();
  EXPECT_TRUE(wait_until(both_record)) << "and started again it is as any other";
  EXPECT_EQ(daemon.client().stop_all().size(), 2u);
  daemon.kill_now();
  daemon.start();
  EXPECT_EQ(daemon.client().state_of("stopped"), "inactive");
  EXPECT_EQ(daemon.client().state_of("other"), "inactive");
  // Of another boot.
  for (const char* name : {"stopped", "other"})
    std::ofstream(daemon.paths().run_folder + "/stopped/" + name) << "another-boot\n";
  daemon.kill_now();
  daemon.start();
  EXPECT_TRUE(wait_until(both_record));
}

}  // namespace
}  // namespace stapd::test
