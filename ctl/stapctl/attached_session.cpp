#include "ctl/stapctl/attached_session.h"

#include "ctl/show/ledger_text.h"

namespace stapd::ctl {
namespace {

FollowOptions follow_options(uint64_t since) {
  FollowOptions options;
  options.settle_ns = AttachedSession::kSettleNs;
  options.since = since;
  return options;
}

}  // namespace

Result<std::unique_ptr<AttachedSession>> AttachedSession::open(
    ReadSession& session, const std::optional<std::string>& root, uint64_t since) {
  std::unique_ptr<AttachedSession> attached(new AttachedSession(session, since));
  if (session.is_earlier()) return attached;
  STAPD_ASSIGN(StapdClient client, StapdClient::connect(root));
  attached->watch_.emplace(session.name(), root, std::move(client), session.recording().ring_id());
  return attached;
}

AttachedSession::AttachedSession(ReadSession& session, uint64_t since)
    : session_(session), follower_(session.reader(), follow_options(since)), dropped_(dropped()) {}

uint64_t AttachedSession::dropped() const {
  uint64_t sum = 0;
  for (uint32_t segment = 0; segment < session_.reader().segments(); ++segment) {
    SegmentLedger ledger = session_.reader().counters(segment);
    sum += dropped_records(ledger) + skipped_handlers(ledger);
  }
  return sum;
}

void AttachedSession::poll(uint64_t now, std::vector<std::string>& news) {
  if (ended_) return;
  if (watch_) watch_->refresh(session_.recording(), follower_.positions(), now);
  // Asked before the records are taken: what was written until then is among them.
  ended_ = session_.recording().has_ended() || (watch_ ? watch_->has_ended() : true);
  ended_ ? follower_.flush(now) : follower_.poll(now);
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
