// What outlives a writer: one of two slots holds, whenever it was killed.
#include "runtime/filing/filing_state.h"

#include <gtest/gtest.h>

#include <chrono>

namespace stapd {
namespace {

constexpr uint32_t kSegments = 3;

class State : public testing::Test {
 protected:
  State() { FilingState::make(area_.data(), settings_, kSegments); }
  FilingState open() { return std::move(*FilingState::open(area_.data(), area_.size())); }
  static TextProgress progress(uint64_t size) {
    return {7, 1234, size, size / 10, 2, 3, {{size, {}}, {5, {7, 9, 69}}, {}}};
  }
  static void expect_same(const TextProgress& a, const TextProgress& b) {
    EXPECT_EQ(std::tie(a.number, a.opened, a.size, a.written, a.unwritten, a.overwritten),
              std::tie(b.number, b.opened, b.size, b.written, b.unwritten, b.overwritten));
    ASSERT_EQ(a.deliveries.size(), b.deliveries.size());
    for (size_t i = 0; i < a.deliveries.size(); ++i) {
      EXPECT_EQ(a.deliveries[i].position, b.deliveries[i].position);
      EXPECT_EQ(a.deliveries[i].beyond, b.deliveries[i].beyond);
    }
  }

  FileSettings settings_{"/var/log/rec-%F", 10, 2, 3, 4, 5, FileSettings::Format::text, false};
  std::vector<std::byte> area_ = std::vector<std::byte>(FilingState::size_for(kSegments));
};

TEST_F(State, SettingsAreKept) {
  EXPECT_EQ(open().settings(), settings_);
  EXPECT_EQ(open().segments(), kSegments);
  EXPECT_EQ(open().recording(), open().recording());
  FilingState state = open();
  RecordingId before = state.recording();
  state.begin_recording();
  EXPECT_NE(open().recording(), before);
}

TEST_F(State, AtFirstNothingWasWritten) {
  EXPECT_EQ(open().progress().opened, 0u);
  EXPECT_FALSE(open().intention());
}

TEST_F(State, AnIntentionHoldsOnceItIsSettled) {
  FilingState state = open();
  state.intend(progress(100));
  expect_same(*open().intention(), progress(100));
  EXPECT_EQ(open().progress().opened, 0u) << "not yet";
  state.settle(true);
  EXPECT_FALSE(open().intention());
  expect_same(open().progress(), progress(100));
  state.intend(progress(200));
  expect_same(open().progress(), progress(100));
  state.settle(false);
  expect_same(open().progress(), progress(100));
  EXPECT_FALSE(open().intention());
  state.intend(progress(300));
  state.settle(true);
  expect_same(open().progress(), progress(300));
}

TEST_F(State, WhatIsFarBeyondCostsNothing) {
  TextProgress far = progress(1);
  for (uint64_t number = 1000; number < 201'000; ++number) far.deliveries[0].beyond.insert(number);
  FilingState state = open();
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) state.intend(far);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  state.settle(true);
  EXPECT_EQ(open().progress().deliveries[1].beyond, far.deliveries[1].beyond);
}

TEST(Deliveries, WhatIsPassedAndWasNotDeliveredIsLost) {
  Delivery delivery;
  for (uint64_t number : {1, 2, 5, 7, 20}) delivery.note(number);
  EXPECT_EQ(delivery.position, 2u);
  EXPECT_EQ(delivery.pass(2), 0u);
  EXPECT_EQ(delivery.pass(6), 3u) << "3, 4, 6";
  EXPECT_EQ(delivery.position, 7u);
  EXPECT_EQ(delivery.pass(30), 22u) << "all but 20";
  EXPECT_TRUE(delivery.beyond.empty());
  EXPECT_EQ(delivery.pass(10), 0u);
  EXPECT_EQ(delivery.position, 30u);
}

TEST_F(State, DamageIsAnError) {
  EXPECT_FALSE(FilingState::open(area_.data(), area_.size() - 1));
  EXPECT_FALSE(FilingState::open(area_.data(), 8));
  std::vector<std::byte> whole = area_;
  for (size_t at = 0; at < 80; ++at) {
    area_ = whole;
    area_[at] ^= std::byte{0xff};
    if (auto state = FilingState::open(area_.data(), area_.size())) (void)state->progress();
  }
  area_ = whole;
  area_[0] = std::byte{0};
  EXPECT_FALSE(FilingState::open(area_.data(), area_.size()));
}

}  // namespace
}  // namespace stapd
