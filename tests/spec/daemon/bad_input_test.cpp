// Whatever is wrong: one clear message, an exit status that says so, and other sessions run on.
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <random>

#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

constexpr char kGood[] = "probe begin { printf(\"begins\\n\") }\n";

// Exit status and stderr of a program that `prepare` prepared in the child.
std::pair<int, std::string> run(
    const std::vector<std::string>& arguments, const std::function<void()>& prepare = [] {}) {
  int out[2];
  EXPECT_EQ(pipe(out), 0);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], 1);
    dup2(out[1], 2);
    close(out[0]);
    close(out[1]);
    prepare();
    std::vector<char*> words;
    for (const std::string& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  close(out[1]);
  std::string text;
  char buffer[512];
  for (ssize_t size; (size = read(out[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(size));
  close(out[0]);
  return {DaemonUnderTest::wait_for(pid), text};
}

struct BadProfile {
  const char* name;
  const char* conf;
  const char* error;    // of StartSession
  const char* message;  // in it
};

class BadProfiles : public testing::TestWithParam<BadProfile> {};

TEST_P(BadProfiles, AreRefusedAlone) {
  DaemonUnderTest daemon;
  daemon.add_profile("good", kGood);
  daemon.write("wrong.stp", "probe begin { nosuch() }\n");
  daemon.write("bad.conf", GetParam().conf);
  daemon.start();
  EXPECT_FALSE(daemon.client().start("bad"));
  EXPECT_EQ(daemon.client().error_name(),
            std::string("org.stapd.Stapd1.Error.") + GetParam().error);
  const std::string error = daemon.client().error();
  EXPECT_NE(error.find(GetParam().message), std::string::npos) << error;
  EXPECT_EQ(daemon.client().state_of("bad"), "failed");
  EXPECT_EQ(daemon.client().text_property("bad", "Failure"), error);
  ASSERT_TRUE(daemon.client().start("good")) << daemon.client().error();
  EXPECT_EQ(daemon.client().state_of("good"), "recording");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadProfiles,
    testing::Values(BadProfile{"ScriptWithAnError", "[Session]\nScript=wrong.stp\n", "ScriptError",
                               "wrong.stp:1:15"},
                    BadProfile{"MissingScript", "[Session]\nScript=nosuch.stp\n", "ProfileError",
                               "there is no script nosuch.stp"},
                    BadProfile{"NoScript", "[Session]\nDescription=x\n", "ProfileError",
                               "no Script="},
                    BadProfile{"RingOfNothing", "[Session]\nScript=good.stp\n[Memory]\nSize=0\n",
                               "ProfileError", "bad.conf:4: Size=0"},
                    BadProfile{"RingOfATerabyte", "[Session]\nScript=good.stp\n[Memory]\nSize=1T\n",
                               "ProfileError", "bad.conf:4: Size=1T"},
                    BadProfile{"RelativeFile", "[Session]\nScript=good.stp\n[File]\nPath=x\n",
                               "ProfileError", "bad.conf:4: Path=x: an absolute path is needed"},
                    BadProfile{"NoIni", "[Session]\nScript=good.stp\nwhat is this\n",
                               "ProfileError", "bad.conf:3"}),
    [](const auto& param) { return std::string(param.param.name); });

// Asked for, the profile has to be right; at boot a recording is worth more.
TEST(BadInput, AnUnknownKeyIsRefusedExceptAtBoot) {
  DaemonUnderTest daemon;
  daemon.add_profile("boot", kGood, "Descripton=x\n");
  daemon.start();
  EXPECT_TRUE(daemon.client().start("boot")) << daemon.client().error();
  EXPECT_TRUE(daemon.says("boot.conf:3: unknown key 'Descripton=' in [Session]; ignored"));
  daemon.add_profile("typo", kGood, "Descripton=x\n");
  EXPECT_FALSE(daemon.client().start("typo"));
  EXPECT_NE(daemon.client().error().find("typo.conf:3: unknown key 'Descripton=' in [Session]"),
            std::string::npos);
  EXPECT_EQ(daemon.client().state_of("typo"), "failed");
  EXPECT_EQ(daemon.client().state_of("boot"), "recording");
}

// The newest reason counts, not one that an earlier reading of the profile gave.
TEST(BadInput, AnUnknownKeyIsForgottenWithItsProfile) {
  DaemonUnderTest daemon;
  daemon.start();
  daemon.add_profile("typo", kGood, "Descripton=x\n");
  EXPECT_FALSE(daemon.client().start("typo"));
  daemon.write("typo.conf", "[Session]\nScript=nosuch.stp\n");
  EXPECT_FALSE(daemon.client().start("typo"));
  EXPECT_NE(daemon.client().error().find("there is no script nosuch.stp"), std::string::npos);
  daemon.add_profile("typo", kGood);
  EXPECT_TRUE(daemon.client().start("typo")) << daemon.client().error();
}

TEST(BadInput, AnUnknownSessionIsRefused) {
  DaemonUnderTest daemon;
  daemon.start();
  for (const char* name : {"nosuch", "", "../etc", "a/b"}) {
    EXPECT_FALSE(daemon.client().start(name));
    EXPECT_EQ(daemon.client().error_name(), "org.stapd.Stapd1.Error.NoSuchSession");
    EXPECT_FALSE(daemon.client().stop(name));
  }
}

TEST(BadInput, AProbeThatIsNotThereFailsOrIsSaid) {
  DaemonUnderTest daemon;
  const std::string script =
      std::string("probe kernel.trace(\"nosuch\") { printf(\"x\\n\") }\n") + kGood;
  daemon.add_profile("strict", script, "Start=manual\n");
  daemon.add_profile("lenient", script, "Start=manual\nOnMissingProbe=warn\n");
  daemon.start();
  EXPECT_FALSE(daemon.client().start("strict"));
  EXPECT_NE(daemon.client().error().find("no tracepoint matches 'nosuch'"), std::string::npos);
  ASSERT_TRUE(daemon.client().start("lenient")) << daemon.client().error();
  EXPECT_EQ(daemon.client().open("lenient")->text(), "begins\n");
  EXPECT_TRUE(daemon.says("lenient: WARNING: this probe point is left out"));
}

TEST(BadInput, BadArgumentsEndIt) {
  for (const std::string argument : {"--nonsense", "extra", "--bus=moon", "--root"}) {
    auto [status, text] = run({STAPD_PROGRAM, argument});
    EXPECT_EQ(status, 2) << argument;
    EXPECT_TRUE(text.starts_with("stapd: ")) << text;
  }
  auto [status, text] = run({STAPD_PROGRAM, "--root=/nosuch/folder"});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("/nosuch/folder"), std::string::npos);
}

TEST(BadInput, ASecondDaemonOfAnInstanceIsRefused) {
  DaemonUnderTest daemon;
  daemon.start();
  auto [status, text] = run({STAPD_PROGRAM, "--root=" + daemon.root()});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("another stapd has"), std::string::npos) << text;
  EXPECT_TRUE(daemon.connect());
}

int connect_raw(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return -1;
  return fd;
}

TEST(BadInput, ClientsThatTalkNonsenseOrSayNothingDisturbNobody) {
  DaemonUnderTest daemon;
  daemon.add_profile("good", kGood);
  daemon.start();
  std::minstd_rand random(1);
  for (int i = 0; i < 100; ++i) {
    int fd = connect_raw(daemon.paths().private_socket);
    ASSERT_GE(fd, 0);
    std::string words = i % 2 ? std::string("\0AUTH EXTERNAL 30\r\nBEGIN\r\n", 26) : "";
    for (int n = 0; n < 200; ++n) words += static_cast<char>(random());
    (void)!send(fd, words.data(), words.size(), MSG_NOSIGNAL);
    close(fd);
  }
  std::vector<int> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(connect_raw(daemon.paths().private_socket));
  EXPECT_TRUE(daemon.connect());
  ASSERT_TRUE(daemon.client().start("good")) << daemon.client().error();
  for (int fd : silent) close(fd);
  EXPECT_EQ(daemon.client().state_of("good"), "recording");
}

TEST(BadInput, WithoutABusThePrivateSocketAnswers) {
  DaemonUnderTest daemon;
  daemon.add_profile("good", kGood);
  setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nosuch/bus", 1);
  daemon.start({"--bus=system"});
  unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  EXPECT_TRUE(daemon.says("there is no system bus")) << daemon.log();
  EXPECT_TRUE(daemon.client().start("good")) << daemon.client().error();
}

TEST(BadInput, WithoutRootItSaysSo) {
  auto [status, text] = run({STAPD_PROGRAM}, [] {
    if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
  });
  EXPECT_EQ(status, 1);
  EXPECT_EQ(text, "stapd: root is needed: stapd loads BPF programs\n");
}

TEST(BadInput, WithoutBtfItSaysSo) {
  DaemonUnderTest daemon;
  auto [status, text] = run({STAPD_PROGRAM, "--root=" + daemon.root()}, [] {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
        mount("/dev/null", "/sys/kernel/btf/vmlinux", "", MS_BIND, "") != 0)
      _exit(99);
  });
  if (status == 99) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("/sys/kernel/btf/vmlinux is missing"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

}  // namespace
}  // namespace stapd::test
