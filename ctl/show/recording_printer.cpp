#include "ctl/show/recording_printer.h"

#include <fcntl.h>

#include <cerrno>

#include "runtime/base/version.h"

namespace stapd::ctl {
namespace {

// A block a look would be more header than records.
constexpr uint64_t kSettleEveryNs = 1'000'000'000;

RecordingInfo info_of(const ReadSchema& schema) {
  RecordingInfo info = schema.info;
  info.writer = std::string("stapctl ") + kVersion;
  return info;
}

}  // namespace

// The rotation wants something to hold.
Result<UniqueFd> QueuedFile::create(const std::string& path) {
  UniqueFd fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno(path, errno);
  return fd;
}

int64_t QueuedFile::write(int, std::string_view bytes) {
  queue_.to(out_).append(bytes);
  return static_cast<int64_t>(bytes.size());
}

uint64_t QueuedFile::now() { return read_clocks().real; }

Status RecordingPrinter::add(const ReadSchema* recording) {
  Part& part = parts_.emplace_back();
  if (!recording) return {};
  part.schema = recording;
  RotationOptions files;
  files.path = "/" + recording->info.session;
  part.writer = std::make_unique<RecordingWriter>(file_, files, info_of(*recording));
  return part.writer->start();
}

void RecordingPrinter::print(const RecordedRecord& record, const RecordView&) {
  Part& part = parts_[record.recording];
  if (part.schema != record.schema) {
    part.schema = record.schema;
    part.writer->set_schema(info_of(*record.schema));
  }
  // The record may be of another boot or another host: its wall time comes from this pair.
  part.writer->set_clock({record.record.time, record.record.time, record.real});
  part.writer->add(record.record);
}

void RecordingPrinter::settle(uint64_t now) {
  if (now - settled_ < kSettleEveryNs) return;
  settled_ = now;
  for (Part& part : parts_)
    if (part.writer) (void)part.writer->settle({});
}

Status RecordingPrinter::end(size_t recording, const std::vector<SegmentReport>& ledger,
                             const std::string& reason) {
  Part& part = parts_[recording];
  if (!part.writer) return {};
  STAPD_TRY(part.writer->settle(ledger));
  STAPD_TRY(part.writer->finish(reason));
  part = Part();
  return {};
}

Status RecordingPrinter::finish(std::span<const std::vector<SegmentReport>> ledgers,
                                const std::string& reason) {
  for (size_t i = 0; i < parts_.size(); ++i)
    STAPD_TRY(end(i, i < ledgers.size() ? ledgers[i] : std::vector<SegmentReport>(), reason));
  return {};
}

}  // namespace stapd::ctl
