#include "ctl/stapctl/attached_ring.h"

#include <utility>

#include "ctl/show/ledger_text.h"

namespace stapd::ctl {
namespace {

FollowOptions follow_options(uint64_t since) {
  FollowOptions options;
  options.settle_ns = AttachedRing::kSettleNs;
  options.since = since;
  return options;
}

}  // namespace

AttachedRing::AttachedRing(std::unique_ptr<ReadSession> session, size_t number, uint64_t since)
    : session_(std::move(session)),
      number_(number),
      follower_(session_->reader(), follow_options(since)),
      clock_(schema().info.clock),
      given_up_(session_->is_earlier()),
      dropped_(dropped()) {}

uint64_t AttachedRing::dropped() const {
  uint64_t sum = 0;
  for (uint32_t segment = 0; segment < session_->reader().segments(); ++segment) {
    SegmentLedger ledger = session_->reader().counters(segment);
    sum += dropped_records(ledger) + skipped_handlers(ledger);
  }
  return sum;
}

void AttachedRing::poll(const ClockReading& now, std::vector<std::string>& news) {
  if (ended_) return;
  clock_.follow(now);
  // Asked before the records are taken: what was written until then is among them.
  ended_ = given_up_ || session_->recording().fate() != Recording::Fate::grows;
  ended_ ? follower_.flush(now.boot) : follower_.poll(now.boot);
  // What was overwritten before we came is no gap in what is shown.
  uint64_t overwritten = follower_.total().overwritten;
  if (!first_ && overwritten > overwritten_)
    news.push_back("overwritten before they were shown: " +
                   counted(overwritten - overwritten_, "record"));
  first_ = false;
  overwritten_ = overwritten;
  uint64_t now_dropped = dropped();
  if (now_dropped > dropped_)
    news.push_back("dropped: " + counted(now_dropped - dropped_, "record"));
  dropped_ = now_dropped;
}

}  // namespace stapd::ctl
