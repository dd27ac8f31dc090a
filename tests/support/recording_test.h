// A test that records what its own functions do: scripts are run in the test's process, children of
// it call the functions so many times.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>

#include "runtime/format/record_text.h"
#include "runtime/recorder/recorder.h"
#include "runtime/recorder/show_globals.h"
#include "translator/host/compile_here.h"

namespace stapd::test {

inline void run_in_child(const std::function<void()>& work) {
  pid_t pid = fork();
  if (pid == 0) {
    work();
    _exit(0);
  }
  int status = 1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
}

// This program; its functions need `visibility(default)`, and it -rdynamic.
inline std::string program() { return "process(\"/proc/self/exe\")"; }

class RecordingTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }

  void start(const std::string& script, const RecorderOptions& recording = {},
             const std::map<std::string, std::string>& macros = {}) {
    CompileOptions options;
    options.macros = macros;
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
        std::make_shared<const ProgramImage>(std::move(*compiled->image)), recording);
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

}  // namespace stapd::test
