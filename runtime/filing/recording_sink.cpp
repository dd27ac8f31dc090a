// Records into a recording: docs/recording-format.md.
#include <optional>

#include "runtime/filing/sink_files.h"
#include "runtime/store/recording_resume.h"

namespace stapd {
namespace {

class RecordingSink : public RecordSink {
 public:
  RecordingSink(const SinkInput& input, RotationState files, RecordingResume resume,
                std::vector<uint64_t> positions)
      : positions_(std::move(positions)),
        writer_(input.layer, input.state.settings().rotation(), info_for(input), options_for(input),
                std::move(files), std::move(resume)) {
    (void)writer_.start();  // trouble() says
  }

  std::vector<uint64_t> positions() const override { return positions_; }
  void add(const RingRecord& record) override { writer_.add(record); }
  void pass(uint32_t, uint64_t) override {}  // blocks say which records they have
  // Blocks are written when they are full, or when somebody may want to see them.
  Status settle(const std::vector<SegmentReport>& segments, bool visible) override {
    return visible ? writer_.settle(segments) : Status();
  }
  Status finish(const std::string& reason) override {
    Status finished = writer_.finish(reason);
    given_up_ = writer_.waiting_records();
    return finished;
  }
  void request_switch() override { writer_.request_switch(); }

  const Trouble& trouble() const override { return writer_.trouble(); }
  SinkCounts counts() const override {
    SinkCounts counts{writer_.written(), writer_.unwritten() + given_up_, 0, writer_.blocks()};
    for (const SegmentTotals& totals : writer_.totals()) counts.overwritten += totals.overwritten;
    return counts;
  }
  const FileRotation& files() const override { return writer_.files(); }

 private:
  // Times are those of the wall clock as it goes when the file begins.
  static RecordingInfo info_for(const SinkInput& input) {
    RecordingInfo info = *input.info;
    info.clock = read_clocks();
    return info;
  }
  static RecordingOptions options_for(const SinkInput& input) {
    RecordingOptions options;
    if (!input.state.settings().compress) options.level = 0;
    return options;
  }

  std::vector<uint64_t> positions_;
  uint64_t given_up_ = 0;  // records that waited for the disk in the end
  RecordingWriter writer_;
};

}  // namespace

Result<std::unique_ptr<RecordSink>> open_recording_sink(const SinkInput& input) {
  STAPD_ASSIGN(RotationState files, take_over_files(input.state.settings().path));
  remove_unwritten(files);  // a recording's file begins with a block
  std::vector<std::string> paths;
  for (const RotatedFile& file : files.files) paths.push_back(file.path);
  RecordingResume resume;
  std::vector<uint64_t> positions;
  Result<ResumePoint> point = find_resume_point(paths, input.state.recording());
  if (point) {
    resume = std::move(point->resume);
    positions = std::move(point->positions);
    const RotatedFile& last = point->files.files.back();
    resume.reopen = resume.reopen && go_on_with(files, last.path, last.size);
  } else if (point.error().code == ErrorCode::not_found) {
    // Files may have been moved away: theirs and ours must not be taken for one.
    input.state.begin_recording();
  } else {
    return tl::unexpected(point.error());
  }
  resume.id = input.state.recording();
  return std::make_unique<RecordingSink>(input, std::move(files), std::move(resume),
                                         std::move(positions));
}

}  // namespace stapd
