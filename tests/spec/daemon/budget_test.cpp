// How many errors and skipped handlers a session bears, and that the kernel counts them whoever is
// alive.
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

class Budget : public testing::Test {
 protected:
  // Each call is a record, and an error.
  void start(const std::string& limits) {
    daemon_.add_profile("marked",
                        "global zero\nprobe begin { zero = 0 }\n" +
                            on_marked_call("{ printf(\"call\\n\") zero = 1 / zero }") +
                            "probe error { printf(\"failed\\n\") }\n",
                        limits);
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  static void call(int times) {
    for (int i = 0; i < times; ++i) ::syscall(marked_call());
  }
  bool fails_soon(const std::string& name = "marked") {
    return wait_until([&] { return daemon_.client().state_of(name) == "failed"; });
  }
  std::string failure(const std::string& name = "marked") {
    return daemon_.client().text_property(name, "Failure");
  }
  std::string text() { return daemon_.client().open("marked")->text(); }

  DaemonUnderTest daemon_;
};

TEST_F(Budget, TheErrorBeyondItEndsTheSession) {
  start("ErrorBudget=2/1h\n");
  call(2);
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording");
  call(3);
  EXPECT_TRUE(fails_soon());
  EXPECT_EQ(text(), "call\ncall\ncall\nfailed\n");
  EXPECT_NE(failure().find("ended by run-time errors (3 in all, more than 2 within 1h"),
            std::string::npos)
      << failure();
  EXPECT_NE(failure().find("division by 0"), std::string::npos) << failure();
}

TEST_F(Budget, ErrorsThatAreLongPastDoNotCount) {
  start("ErrorBudget=1/100ms\n");
  for (int i = 0; i < 6; ++i) {
    call(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  EXPECT_EQ(daemon_.client().statistics("marked")["Errors"], 6u);
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording") << failure();
  EXPECT_TRUE(wait_until([&] {
    call(2);
    return daemon_.client().state_of("marked") == "failed";
  }));
}

TEST_F(Budget, ItHoldsWhileNoDaemonLives) {
  start("ErrorBudget=2/1h\n");
  daemon_.kill_now();
  call(5);
  daemon_.start();
  EXPECT_TRUE(fails_soon()) << daemon_.log();
  EXPECT_NE(failure().find("(3 in all"), std::string::npos) << failure();
}

TEST_F(Budget, ANewStartBeginsToCountAnew) {
  start("ErrorBudget=2/1h\n");
  call(3);
  ASSERT_TRUE(fails_soon());
  ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  call(2);
  EXPECT_EQ(daemon_.client().state_of("marked"), "recording") << failure();
}

// Two CPUs want one lock, for which nobody waits.
class Skips : public Budget {
 protected:
  void start(const std::string& limit) {
    std::string folder = daemon_.root() + "/etc/stapd/script.d/";
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "busy.stp")
        << "global a, b\n" + on_marked_call("{ for (i = 0; i < 100; i++) { a += b; b++ } }") +
               "probe end { printf(\"%d\\n\", a + b) }\n";
    std::ofstream(folder + "busy.options") << "STAP_OPTIONS=\"-D MAXTRYLOCK=0\"\n";
    std::filesystem::create_directories(daemon_.conf_folder() + "/busy.conf.d");
    daemon_.write("busy.conf.d/limit.conf", "[Session]\nMaxSkipped=" + limit + "\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("busy")) << daemon_.client().error() << daemon_.log();
  }
  uint64_t skipped() { return daemon_.client().statistics("busy")["Skipped"]; }

  std::unique_ptr<MarkedCalls> calls_ = std::make_unique<MarkedCalls>(std::vector<int>{0, 1});
};

TEST_F(Skips, MoreThanTheLimitEndTheSession) {
  start("5");
  EXPECT_TRUE(fails_soon("busy"));
  EXPECT_GT(skipped(), 5u);
  EXPECT_NE(failure("busy").find("more than 5 handlers were skipped"), std::string::npos)
      << failure("busy");
}

TEST_F(Skips, AreOnlyCountedWithoutALimit) {
  start("unlimited");
  EXPECT_TRUE(wait_until([&] { return skipped() > 20; }));
  EXPECT_EQ(daemon_.client().state_of("busy"), "recording") << failure("busy");
}

TEST_F(Skips, TheLimitHoldsWhileNoDaemonLives) {
  calls_->stop();
  start("5");
  daemon_.kill_now();
  MarkedCalls(std::vector<int>{0, 1}, 200'000).join();
  daemon_.start();
  EXPECT_TRUE(fails_soon("busy")) << daemon_.log();
  EXPECT_NE(failure("busy").find("more than 5 handlers were skipped"), std::string::npos)
      << failure("busy");
}

}  // namespace
}  // namespace stapd::test
