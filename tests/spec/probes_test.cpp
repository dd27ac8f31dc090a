// Probes on the functions of a program: every hit counts once, wherever the functions are and
// however many there are. The program is this one: children of the test call the functions so many
// times.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>

#include "runtime/format/record_text.h"
#include "runtime/recorder/recorder.h"
#include "runtime/recorder/show_globals.h"
#include "translator/host/compile_here.h"

#define PROBED extern "C" __attribute__((noinline, noclone, visibility("default")))

// An empty asm keeps the compiler from seeing that nothing happens.
PROBED int stapd_probed_one(int n) {
  asm volatile("" : "+r"(n));
  return n + 1;
}
PROBED int stapd_probed_two(int n) {
  asm volatile("" : "+r"(n));
  return n + 2;
}
PROBED int stapd_probed_three(int n) {
  asm volatile("" : "+r"(n));
  return n + 3;
}
PROBED int stapd_recursive(int n) {
  if (n == 0) return 0;
  int deeper = stapd_recursive(n - 1);
  asm volatile("" : "+r"(deeper));  // nor that the recursion could be a loop
  return deeper + 1;
}

namespace stapd {
namespace {

constexpr int kRounds = 1000;

void call_all() {
  for (int i = 0; i < kRounds; ++i) {
    stapd_probed_one(i);
    if (i % 2 == 0) stapd_probed_two(i);
    if (i % 4 == 0) stapd_probed_three(i);
  }
}

void run_in_child(const std::function<void()>& work) {
  pid_t pid = fork();
  if (pid == 0) {
    work();
    _exit(0);
  }
  int status = 1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
}

std::string program() { return "process(\"/proc/self/exe\")"; }

class Probes : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }

  void start(const std::string& script) {
    CompileOptions options;
    options.script_text = script;
    options.show_globals_at_end = false;
    char path[4096] = {};
    ASSERT_GT(readlink("/proc/self/exe", path, sizeof path - 1), 0);
    for (size_t at; (at = options.script_text.find("/proc/self/exe")) != std::string::npos;)
      options.script_text.replace(at, 14, path);
    auto compiled = compile_here(options, CompilePhase::generate);
    ASSERT_TRUE(compiled && compiled->ok)
        << (compiled ? compiled->diagnostics : compiled.error().message);
    auto recorder = Recorder::start(
        std::make_shared<const ProgramImage>(std::move(*compiled->image)), RecorderOptions());
    ASSERT_TRUE(recorder) << recorder.error().message;
    recorder_ = std::move(*recorder);
  }

  std::string global(const std::string& name) {
    for (const GlobalSpec& global : recorder_->image().globals) {
      if (global.name != name) continue;
      std::string text;
      append_global(text, global, recorder_->map_access());
      return text;
    }
    return "no global " + name;
  }

  std::map<std::string, int> printed_lines() {
    std::map<std::string, int> lines;
    RecordFormatter formatter(recorder_->image().formats);
    RingWindow window = recorder_->reader().take();
    for (RingRecord record; window.next(record);) {
      std::string text;
      if (auto view = formatter.view_untrusted(record.bytes)) formatter.append_text(text, *view);
      ++lines[text];
    }
    return lines;
  }

  std::unique_ptr<Recorder> recorder_;
};

TEST_F(Probes, AWildcardHitsEachFunctionOnce) {
  start("global hits\nprobe " + program() +
        ".function(\"stapd_probed_*\") { hits[ppfunc()] <<< 1 }");
  run_in_child(call_all);
  ASSERT_TRUE(recorder_->stop());
  std::string hits = global("hits");
  EXPECT_NE(hits.find("[\"stapd_probed_one\"] @count=1000 "), hits.npos) << hits;
  EXPECT_NE(hits.find("[\"stapd_probed_two\"] @count=500 "), hits.npos) << hits;
  EXPECT_NE(hits.find("[\"stapd_probed_three\"] @count=250 "), hits.npos) << hits;
}

// The text says which function it was, though all have one program and one link.
TEST_F(Probes, HandlersThatDifferInTextShareAProgram) {
  start("probe " + program() +
        ".function(\"stapd_probed_*\") { printf(\"%s %d\\n\", ppfunc(), 7) }");
  EXPECT_EQ(recorder_->image().programs.size(), 2u);  // and the heartbeat's
  run_in_child(call_all);
  ASSERT_TRUE(recorder_->stop());
  std::map<std::string, int> expected = {{"stapd_probed_one 7\n", 1000},
                                         {"stapd_probed_two 7\n", 500},
                                         {"stapd_probed_three 7\n", 250}};
  EXPECT_EQ(printed_lines(), expected);
}

TEST_F(Probes, ReturnsOfRecursiveCalls) {
  start("global calls, returns\nprobe " + program() +
        ".function(\"stapd_recursive\") { calls <<< 1 }\nprobe " + program() +
        ".function(\"stapd_recursive\").return { returns <<< 1 }");
  run_in_child([] {
    for (int i = 0; i < 100; ++i) stapd_recursive(20);
  });
  ASSERT_TRUE(recorder_->stop());
  EXPECT_NE(global("calls").find("@count=2100 "), std::string::npos) << global("calls");
  EXPECT_NE(global("returns").find("@count=2100 "), std::string::npos) << global("returns");
}

TEST_F(Probes, SeveralProcessesAtOnce) {
  start("global hits\nprobe " + program() + ".function(\"stapd_probed_one\") { hits <<< 1 }");
  run_in_child([] {
    for (int i = 0; i < 4; ++i)
      if (fork() == 0) {
        call_all();
        _exit(0);
      }
    while (wait(nullptr) > 0) {
    }
  });
  ASSERT_TRUE(recorder_->stop());
  EXPECT_NE(global("hits").find("@count=4000 "), std::string::npos) << global("hits");
}

}  // namespace
}  // namespace stapd
