// Keep=: a session whose ring has become too short for what is wanted says so, once, and again when
// it is long enough.
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {
namespace {

class Keep : public testing::Test {
 protected:
  void SetUp() override {
    daemon_.add_profile("marked", marked_script(), "[Memory]\nSize=64K\nKeep=2s\n");
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }
  // More than the rings hold, at once.
  static void overrun() { MarkedCalls({0, 1}, 20'000).join(); }
  static constexpr char kTooShort[] = "less than Keep=2s; at this load [Memory] Size=";

  DaemonUnderTest daemon_;
};

TEST_F(Keep, ATooShortRingIsSaidAndSoIsItsRecovery) {
  EXPECT_EQ(daemon_.client().statistics("marked")["WorstDepthNSec"], 0u);
  overrun();
  ASSERT_TRUE(wait_until([&] { return daemon_.says(kTooShort); })) << daemon_.log();
  // Nothing comes any more: what is in the ring grows old.
  EXPECT_TRUE(wait_until([&] { return daemon_.says("its ring reaches back 2s again"); }));
  auto statistics = daemon_.client().statistics("marked");
  EXPECT_LT(statistics["WorstDepthNSec"], 2'000'000'000u);
  EXPECT_GT(statistics["WorstDepthNSec"], 0u);
  EXPECT_GE(statistics["DepthNSec"], 2'000'000'000u);
}

TEST_F(Keep, ItIsWatchedAfterAnAdoptionToo) {
  daemon_.kill_now();
  daemon_.start();
  overrun();
  EXPECT_TRUE(wait_until([&] { return daemon_.says(kTooShort); })) << daemon_.log();
  uint64_t worst = daemon_.client().statistics("marked")["WorstDepthNSec"];
  daemon_.kill_now();
  daemon_.start();
  EXPECT_LE(daemon_.client().statistics("marked")["WorstDepthNSec"], worst);
  EXPECT_GT(daemon_.client().statistics("marked")["WorstDepthNSec"], 0u);
}

}  // namespace
}  // namespace stapd::test
