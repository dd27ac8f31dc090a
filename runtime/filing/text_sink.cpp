// Records into SystemTap's text files: what the script prints, byte for byte.
#include <filesystem>
#include <utility>

#include "runtime/filing/sink_files.h"
#include "runtime/format/record_text.h"

namespace stapd {
namespace {

constexpr size_t kMaxWaiting = 4u << 20;  // bytes that wait for the disk

class TextSink : public RecordSink {
 public:
  TextSink(const SinkInput& input, RotationState files, TextProgress progress, bool reopen)
      : info_(input.info),
        state_(input.state),
        formatter_(info_->formats),
        files_(input.layer, input.state.settings().rotation(), std::move(files)),
        written_(std::move(progress)),
        reached_(written_) {
    Status opened = reopen ? files_.reopen_last() : Status();
    if (!reopen || !opened) opened = open_next();
    trouble_.note(opened);
    stuck_ = !opened;
  }

  std::vector<uint64_t> positions() const override {
    std::vector<uint64_t> positions;
    for (const Delivery& delivery : reached_.deliveries) positions.push_back(delivery.position);
    return positions;
  }

  void add(const RingRecord& record) override {
    if (record.segment >= reached_.deliveries.size()) return;
    Delivery& delivery = reached_.deliveries[record.segment];
    if (delivery.has(record.number)) return;
    std::optional<RecordView> view = formatter_.view_untrusted(record.bytes);
    if (view && view->format().channel == RecordChannel::output) append(*view);
    delivery.note(record.number);
  }

  void pass(uint32_t segment, uint64_t position) override {
    if (segment < reached_.deliveries.size())
      reached_.overwritten += reached_.deliveries[segment].pass(position);
  }

  Status settle(const std::vector<SegmentReport>& segments, bool visible) override {
    for (uint32_t i = 0; i < segments.size(); ++i) pass(i, segments[i].position);
    Status written = files_.is_open() ? Status() : open_next();
    if (written && !pending_.empty()) written = write_pending();
    trouble_.note(written);
    stuck_ = !written;
    if (visible) files_.expire();
    return written;
  }

  Status finish(const std::string&) override {
    Status done = pending_.empty() ? Status() : write_pending();
    if (done) done = files_.sync();
    if (!done) reached_.unwritten += reached_.written - written_.written;
    trouble_.note(done);
    files_.close();
    return done;
  }

  void request_switch() override { files_.request_switch(); }
  const Trouble& trouble() const override { return trouble_; }
  SinkCounts counts() const override {
    return {written_.written, reached_.unwritten, reached_.overwritten, 0};
  }
  const FileRotation& files() const override { return files_; }

 private:
  void append(const RecordView& view) {
    if (!stuck_) {
      Status ready = make_way();
      trouble_.note(ready);
      stuck_ = !ready;
    }
    if (pending_.size() >= kMaxWaiting) {
      ++reached_.unwritten;
      return;
    }
    formatter_.append_text(pending_, view);
    ++reached_.written;
  }

  // As SystemTap: a file that is larger than its size gives way before the next print. One batch
  // may be more than is to wait, too.
  Status make_way() {
    if (!files_.is_due(0, pending_.size()) && pending_.size() < kMaxWaiting) return {};
    if (!pending_.empty()) STAPD_TRY(write_pending());
    return files_.is_due(0) ? open_next() : Status();
  }

  Status open_next() {
    STAPD_TRY(files_.open_next());
    const RotatedFile& file = files_.state().files.back();
    for (TextProgress* progress : {&written_, &reached_}) {
      progress->number = file.number;
      progress->opened = file.opened;
      progress->size = 0;
    }
    state_.intend(written_);
    state_.settle(true);
    return {};
  }

  Status write_pending() {
    if (!files_.is_open()) STAPD_TRY(open_next());
    reached_.size = written_.size + pending_.size();
    state_.intend(reached_);
    Status written = files_.write(pending_);
    state_.settle(written.has_value());
    STAPD_TRY(written);
    written_ = reached_;
    pending_.clear();
    return {};
  }

  std::shared_ptr<const RecordingInfo> info_;
  FilingState& state_;
  RecordFormatter formatter_;
  FileRotation files_;
  TextProgress written_;
  TextProgress reached_;  // with what waits, and what was lost up to there
  std::string pending_;
  bool stuck_ = false;  // the disk refuses: it is not asked again before the next settle()
  Trouble trouble_;
};

std::string path_of(const FileSettings& settings, const TextProgress& progress) {
  Result<std::string> path = rotated_name(settings.rotation(), progress.number, progress.opened);
  return path ? *path : "";
}

// How far the dead writer came: a write that it was about to do either happened, all of it, or is
// undone.
TextProgress resumed_progress(const FilingState& state) {
  TextProgress progress = state.progress();
  std::optional<TextProgress> after = state.intention();
  if (!after || !after->opened) return progress;
  std::error_code error;
  uint64_t size = std::filesystem::file_size(path_of(state.settings(), *after), error);
  return !error && size >= after->size ? *after : progress;
}

}  // namespace

Result<std::unique_ptr<RecordSink>> open_text_sink(const SinkInput& input) {
  STAPD_ASSIGN(RotationState files, take_over_files(input.state.settings().path));
  TextProgress progress = resumed_progress(input.state);
  bool reopen = progress.opened &&
                go_on_with(files, path_of(input.state.settings(), progress), progress.size);
  if (reopen) files.files.back().opened = progress.opened;
  return std::make_unique<TextSink>(input, std::move(files), std::move(progress), reopen);
}

}  // namespace stapd
