// A session that is read: its ring, and what its records mean. What it recorded before it was
// restarted has a ring of its own.
#pragma once

#include <memory>

#include "ctl/client/stapd_client.h"
#include "runtime/base/clock.h"
#include "runtime/store/recording_reader.h"

namespace stapd::ctl {

class ReadSession {
 public:
  ReadSession(const std::string& name, std::unique_ptr<Recording> recording, bool is_earlier);
  ReadSession(const ReadSession&) = delete;
  ReadSession& operator=(const ReadSession&) = delete;

  const std::string& name() const { return schema_.info.session; }
  // From before a restart: it only grows old.
  bool is_earlier() const { return is_earlier_; }
  const Recording& recording() const { return *recording_; }
  Recording& recording() { return *recording_; }
  const ReadSchema& schema() const { return schema_; }
  const RingReader& reader() const { return reader_; }

 private:
  bool is_earlier_;
  std::unique_ptr<Recording> recording_;
  ReadSchema schema_;
  RingReader reader_;
};

using ReadSessions = std::vector<std::unique_ptr<ReadSession>>;
// What can be read of a session, the oldest ring first: one at least. An error when there is none
// of that name, or it never recorded.
Result<ReadSessions> open_rings(StapdClient& client, const std::string& name);
// Each of `names` once, with what it recorded earlier before it. An error when there is none of
// that name.
Result<ReadSessions> open_sessions(StapdClient& client, const std::vector<std::string>& names);
std::vector<const ReadSchema*> schemas_of(const ReadSessions& sessions);

// What next() of several rings gives, in one order: by time, then by session. `Stream` has
// bool next(RingRecord&), whose record stays valid while others are asked for theirs.
template <class Stream>
class SessionMerge {
 public:
  // Borrows the streams. All of this boot.
  explicit SessionMerge(std::vector<Stream*> streams)
      : streams_(std::move(streams)), heads_(streams_.size()) {}

  // Index of the stream whose record comes next, or nothing. A stream that had nothing is asked
  // again with each call.
  std::optional<size_t> next(RingRecord& record) {
    std::optional<size_t> first;
    if (streams_.size() == 1) return streams_[0]->next(record) ? std::optional<size_t>(0) : first;
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (!heads_[i].waits) heads_[i].waits = streams_[i]->next(heads_[i].record);
      bool earlier =
          heads_[i].waits && (!first || heads_[i].record.time < heads_[*first].record.time);
      if (earlier) first = i;
    }
    if (!first) return first;
    record = heads_[*first].record;
    heads_[*first].waits = false;
    return first;
  }

 private:
  struct Head {
    RingRecord record;
    bool waits = false;
  };
  std::vector<Stream*> streams_;
  std::vector<Head> heads_;
};

}  // namespace stapd::ctl
