// An instance of stapd with a root, pins and profiles of its own, gone with the test.
#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "stapd/host/paths.h"
#include "tests/support/bus_client.h"
#include "tests/support/temp_folder.h"

namespace stapd::test {

inline bool wait_until(const std::function<bool()>& holds, int seconds = 60) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class DaemonUnderTest {
 public:
  DaemonUnderTest() { std::filesystem::create_directories(conf_folder()); }
  ~DaemonUnderTest() {
    kill_now();
    std::filesystem::remove_all(paths().pin_folder);
  }
  DaemonUnderTest(const DaemonUnderTest&) = delete;
  DaemonUnderTest& operator=(const DaemonUnderTest&) = delete;

  const std::string& root() const { return root_.path(); }
  std::string conf_folder() const { return root() + "/etc/stapd/conf.d"; }
  Paths paths() const { return *Paths::of_root(root()); }

  void write(const std::string& file, const std::string& text) {
    std::ofstream(conf_folder() + "/" + file) << text;
  }
  // NAME.conf with NAME.stp; `more` are further lines of [Session] and further sections.
  void add_profile(const std::string& name, const std::string& script,
                   const std::string& more = "") {
    write(name + ".stp", script);
    write(name + ".conf", "[Session]\nScript=" + name + ".stp\n" + more);
  }

  // The process alone; its stderr is in log().
  pid_t spawn(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {STAPD_PROGRAM, "--root=" + root()});
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open((root() + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(log, 1);
    dup2(log, 2);
    execv(words[0], words.data());
    _exit(127);
  }
  // Until it answers.
  void start(const std::vector<std::string>& arguments = {}) {
    pid_ = spawn(arguments);
    ASSERT_TRUE(wait_until([&] { return (client_ = connect()) != nullptr; }))
        << log() << whereabouts();
  }
  std::unique_ptr<BusClient> connect() { return BusClient::connect(paths().private_socket); }

  void kill_now() {
    if (pid_ < 0) return;
    client_.reset();
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // The exit status of SIGTERM's end.
  int terminate() {
    client_.reset();
    kill(pid_, SIGTERM);
    int status = wait_for(pid_);
    pid_ = -1;
    return status;
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  pid_t pid() const { return pid_; }
  BusClient& client() { return *client_; }
  std::string log() const {
    std::ifstream file(root() + "/log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool says(const std::string& text) const { return log().find(text) != std::string::npos; }

  // In the kernel, of each of its threads.
  std::string whereabouts() const {
    std::ostringstream text;
    std::error_code gone;
    std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      text << "thread " << task.path().filename().string() << ":\n";
      for (const char* name : {"/stat", "/stack"})
        text << std::ifstream(task.path().string() + name).rdbuf() << "\n";
    }
    return text.str();
  }

  // How many descriptors it may have from now on; by default as many as it has now.
  void limit_descriptors(size_t more) {
    auto open = std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd");
    rlimit limit = {};
    prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit);
    limit.rlim_cur = static_cast<rlim_t>(std::distance(begin(open), end(open))) + more;
    ASSERT_EQ(prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr), 0);
  }

  bool has_pins() const { return std::filesystem::exists(paths().pin_folder); }
  bool has_pins_of(const std::string& session) const {
    return std::filesystem::exists(paths().session_pins(session));
  }
  // Of /proc/PID/status: the number behind `field`.
  uint64_t status_of(const std::string& field) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(field + ":")) return std::stoull(line.substr(field.size() + 1));
    return 0;
  }

 private:
  TempFolder root_;
  pid_t pid_ = -1;
  std::unique_ptr<BusClient> client_;
};

}  // namespace stapd::test
