#include "ctl/stapctl/attached_session.h"

#include <utility>

namespace stapd::ctl {
namespace {

constexpr uint64_t kAskEveryNs = 500'000'000;

}  // namespace

Result<std::unique_ptr<AttachedSession>> AttachedSession::open(const std::string& name,
                                                               ReadSessions rings, size_t first,
                                                               const AttachOptions& options,
                                                               RecordShow& show, Tell tell) {
  STAPD_ASSIGN(SessionWatch watch, SessionWatch::open(name, options.root));
  std::unique_ptr<AttachedSession> session(
      new AttachedSession(name, options, std::move(watch), show, std::move(tell)));
  for (auto& ring : rings) session->add(std::move(ring), first++, options.since, "");
  return session;
}

AttachedSession::AttachedSession(const std::string& name, const AttachOptions& options,
                                 SessionWatch watch, RecordShow& show, Tell tell)
    : name_(name),
      options_(options),
      watch_(std::move(watch)),
      show_(show),
      tell_(std::move(tell)) {}

void AttachedSession::add(std::unique_ptr<ReadSession> session, size_t number, uint64_t since,
                          std::string began) {
  known_.insert(session->recording().ring_id());
  rings_.push_back(std::make_unique<AttachedRing>(std::move(session), number, since));
  began_.push_back(std::move(began));
}

// ---- its records ------------------------------------------------------------------------------

Status AttachedSession::poll(const ClockReading& now) {
  if (ended_) return {};
  STAPD_TRY(forget_shown());
  bool recorded = is_recording();
  if (recorded && watch_.refresh(rings_.back()->recording(), rings_.back()->positions(), now.boot))
    rings_.back()->give_up();
  poll_from(0, now);
  if (recorded && !is_recording()) next_ask_ = now.boot;
  return came_back_ || !is_recording() ? ask_for_more(now) : Status{};
}

void AttachedSession::poll_from(size_t ring, const ClockReading& now) {
  std::vector<std::string> news;
  for (; ring < rings_.size(); ++ring) rings_[ring]->poll(now, news);
  for (const std::string& text : news) tell_(text);
}

bool AttachedSession::next(RingRecord& record) {
  while (at_ < rings_.size()) {
    if (!began_[at_].empty()) tell_(std::exchange(began_[at_], ""));
    if (rings_[at_]->next(record)) return true;
    if (!rings_[at_]->has_ended() || at_ + 1 == rings_.size()) return false;
    ++at_;
  }
  return false;
}

// Rings take memory that cannot be swapped out: they go when they were shown.
Status AttachedSession::forget_shown() {
  for (; at_ > 0; --at_) {
    const AttachedRing& ring = *rings_.front();
    STAPD_TRY(show_.end(ring.number(), ring.schema(), ring.report(), "restarted"));
    rings_.pop_front();
    began_.pop_front();
  }
  return {};
}

void AttachedSession::add_reports(std::vector<std::vector<SegmentReport>>& reports) const {
  for (const auto& ring : rings_) {
    if (reports.size() <= ring->number()) reports.resize(ring->number() + 1);
    reports[ring->number()] = ring->report();
  }
}

// ---- what becomes of it -----------------------------------------------------------------------

void AttachedSession::look_at_daemon(uint64_t now) {
  switch (watch_.look(now)) {
    case SessionWatch::News::none:
      return;
    case SessionWatch::News::gone:
      tell_(is_recording() ? fmt::format("stapd is gone; {} goes on recording", name_)
                           : "stapd is gone");
      return;
    case SessionWatch::News::back:
      came_back_ = true;
      next_ask_ = now;
  }
}

// It was replaced, stapd gave it up, or whoever reads wants to wait. Else the end is the end.
bool AttachedSession::goes_on() const {
  if (options_.wait || rings_.empty() || came_back_) return true;
  Recording::Fate fate = rings_.back()->recording().fate();
  return fate == Recording::Fate::replaced || fate == Recording::Fate::lost;
}

// Whether there is another ring, which stapd knows and nobody else.
Status AttachedSession::ask_for_more(const ClockReading& now) {
  if (now.boot < next_ask_) return {};
  next_ask_ = now.boot + kAskEveryNs;
  std::optional<SessionOutlook> outlook = watch_.ask(known_);
  if (!goes_on()) {
    if (!outlook) outlook.emplace();  // it has ended, and why nobody tells
    finish(*outlook);
    return {};
  }
  if (!outlook) return {};
  bool was_away = std::exchange(came_back_, false);
  if (was_away && is_recording() && outlook->is_newest_known) {
    tell_("stapd is back");
    return {};
  }
  if (is_recording()) {  // in the eyes of a stapd that is dead
    rings_.back()->give_up();
    poll_from(rings_.size() - 1, now);
  }
  if (!outlook->rings.empty()) return go_on(std::move(outlook->rings), was_away, now);
  if (was_away) tell_("stapd is back");
  if (outlook->is_recording) return {};
  if (!options_.wait || !outlook->is_known)
    finish(*outlook);
  else
    tell_waiting(*outlook);
  return {};
}

Status AttachedSession::go_on(ReadSessions rings, bool was_away, const ClockReading& now) {
  size_t first = rings_.size();
  bool was_lost = first > 0 && rings_.back()->recording().fate() == Recording::Fate::lost;
  if (was_lost) tell_(fmt::format("what {} recorded last before that could not be read", name_));
  for (auto& ring : rings) {
    std::string began = how_it_began(was_away);
    STAPD_ASSIGN(size_t number, show_.add(ring->schema()));
    add(std::move(ring), number, 0, std::move(began));
    was_away = false;
  }
  is_waiting_ = false;
  poll_from(first, now);
  return {};
}

// Said before the first record of the next ring.
std::string AttachedSession::how_it_began(bool was_away) const {
  if (was_away) return fmt::format("stapd is back, and has started {} anew", name_);
  if (rings_.empty()) return fmt::format("{} was started", name_);
  bool ended = rings_.back()->recording().fate() == Recording::Fate::ended;
  return fmt::format("{} was {}", name_, ended && is_waiting_ ? "started again" : "restarted");
}

void AttachedSession::tell_waiting(const SessionOutlook& outlook) {
  if (is_waiting_) return;
  is_waiting_ = true;
  std::string so_far = rings_.empty() && outlook.failure.empty()
                           ? fmt::format("{} was not started yet", name_)
                           : outlook.end_of(name_);
  tell_(so_far + "; waiting until it is started");
}

void AttachedSession::finish(const SessionOutlook& outlook) {
  ended_ = true;
  end_ = outlook.end_of(name_);
}

}  // namespace stapd::ctl
