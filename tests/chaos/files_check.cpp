#include "tests/chaos/files_check.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "runtime/store/recording_reader.h"

namespace stapd::test {
namespace {

struct Line {
  std::string label;
  int cpu = 0;
  uint64_t event = 0;
};

std::optional<Line> parse_line(const std::string& text, int cpus) {
  std::istringstream words(text);
  Line line;
  std::string rest;
  if (!(words >> line.label >> line.cpu >> line.event) || words >> rest) return std::nullopt;
  if (line.cpu < 0 || line.cpu >= cpus) return std::nullopt;
  return line;
}

// A record's number in its segment, and the event's, when it is the script's.
struct NumberedRecord {
  uint64_t number;
  std::optional<uint64_t> event;
};

struct OpenedFiles {
  std::string label;
  std::vector<std::vector<NumberedRecord>> cpus;
};

class Segment {
 public:
  Segment(std::vector<NumberedRecord> records, const SegmentTotals& totals, std::string place,
          std::string& faults)
      : records_(std::move(records)), totals_(totals), place_(std::move(place)), faults_(faults) {
    // Handlers overtake each other: by time they are not always in this order.
    std::sort(records_.begin(), records_.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
  }
  bool from_start() const { return records_.size() == totals_.written; }

  FiledSegment check() {
    if (totals_.abandoned || totals_.unreadable) fault("records could not be read from the ring");
    found_.lost = totals_.overwritten + totals_.unwritten;
    if (records_.size() > totals_.written)
      fault(std::to_string(records_.size()) + " records are there, " +
            std::to_string(totals_.written) + " were written");
    check_steps();
    uint64_t from = from_start() || records_.empty() ? 1 : records_.front().number;
    uint64_t missing = records_.empty() ? 0 : records_.back().number + 1 - from - records_.size();
    if (from_start() ? missing != found_.lost : missing > found_.lost)
      fault(std::to_string(missing) + " records are missing, " + std::to_string(found_.lost) +
            " are counted as lost");
    return found_;
  }

 private:
  void fault(const std::string& what) { faults_ += place_ + ": " + what + "\n"; }

  // Between two events there are as many numbers as there were records: a missing event is a
  // missing record, or nothing stands for it.
  void check_steps() {
    const NumberedRecord* before = nullptr;
    uint64_t others = 0;  // since then
    for (size_t i = 0; i < records_.size(); ++i) {
      const NumberedRecord& record = records_[i];
      if (i && record.number == records_[i - 1].number)
        fault("record " + std::to_string(record.number) + " is there twice");
      if (!record.event) {
        ++others;
        continue;
      }
      if (before) {
        check_step(*before, record, others);
      } else {
        // What is lost before is an event, or a heartbeat: so early at the most.
        found_.first = *record.event - std::min(*record.event, record.number - 1 - others);
        found_.heartbeats = others;
      }
      found_.last = *record.event;
      found_.any = true;
      before = &record;
      others = 0;
    }
    found_.heartbeats += others;
  }

  void check_step(const NumberedRecord& a, const NumberedRecord& b, uint64_t others) {
    uint64_t numbers = b.number - a.number - others;
    uint64_t events = *b.event - *a.event;
    if (*b.event <= *a.event || events > numbers)
      fault("event " + std::to_string(*b.event) + " follows " + std::to_string(*a.event) +
            ", and " + std::to_string(numbers - 1) + " records are missing between them");
    else
      found_.heartbeats += others + numbers - events;
  }

  std::vector<NumberedRecord> records_;
  const SegmentTotals& totals_;
  std::string place_;
  std::string& faults_;
  FiledSegment found_;
};

std::vector<OpenedFiles> take_records(RecordingReader& reader, int cpus, std::string& faults) {
  std::vector<OpenedFiles> found(reader.recordings());
  for (RecordedRecord record; reader.next(record);) {
    OpenedFiles& recording = found[record.recording];
    uint32_t segment = record.record.segment;
    recording.cpus.resize(static_cast<size_t>(cpus));
    auto view = record.schema->formatter.view_untrusted(record.record.bytes);
    if (!view) faults += "a record cannot be read\n";
    if (!view || segment >= recording.cpus.size()) continue;
    NumberedRecord numbered{record.record.number, std::nullopt};
    if (view->format().channel == RecordChannel::output) {
      std::string text;
      record.schema->formatter.append_text(text, *view);
      std::optional<Line> line = parse_line(text, cpus);
      if (!line || static_cast<uint32_t>(line->cpu) != segment ||
          (!recording.label.empty() && line->label != recording.label)) {
        faults += "among those of " + recording.label + " is: " + text;
        continue;
      }
      recording.label = line->label;
      numbered.event = line->event;
    }
    recording.cpus[segment].push_back(numbered);
  }
  return found;
}

bool is_earlier(const FiledRecording& a, const FiledRecording& b) {
  return a.cpus[0].last < b.cpus[0].last;
}

// Strictly rising for each CPU.
void add_line(FiledRecording& recording, const Line& line, std::string& faults) {
  FiledSegment& segment = recording.cpus[static_cast<size_t>(line.cpu)];
  if (!segment.any)
    segment.first = line.event;
  else if (line.event <= segment.last)
    faults += line.label + ", CPU " + std::to_string(line.cpu) + ": " + std::to_string(line.event) +
              " follows " + std::to_string(segment.last) + "\n";
  else
    segment.lost += line.event - segment.last - 1;
  segment.last = line.event;
  segment.any = true;
}

}  // namespace

std::vector<FiledRecording> read_recordings(const std::vector<std::string>& paths, int cpus,
                                            std::string& faults) {
  RecordingReader reader;
  bool live = false;
  for (const std::string& path : paths)
    if (Status added = reader.add_file(path); !added) faults += added.error().message + "\n";
  reader.open();
  std::vector<OpenedFiles> opened = take_records(reader, cpus, faults);
  for (const Finding& finding : reader.findings()) {
    live |= finding.kind == Finding::Kind::live;
    if (finding.is_fault()) faults += finding.text + "\n";
  }
  std::vector<FiledRecording> found;
  for (size_t i = 0; i < opened.size(); ++i) {
    const std::vector<SegmentTotals>& ledger = reader.ledger(i);
    if (opened[i].label.empty() || ledger.size() < opened[i].cpus.size()) continue;
    FiledRecording& recording = found.emplace_back();
    recording.label = opened[i].label;
    for (size_t cpu = 0; cpu < opened[i].cpus.size(); ++cpu) {
      Segment segment(std::move(opened[i].cpus[cpu]), ledger[cpu],
                      recording.label + ", CPU " + std::to_string(cpu), faults);
      recording.from_start &= segment.from_start();
      recording.cpus.push_back(segment.check());
    }
  }
  std::sort(found.begin(), found.end(), is_earlier);
  if (live && !found.empty()) found.back().ended = false;
  return found;
}

std::vector<FiledRecording> read_texts(const std::vector<std::string>& paths, int cpus,
                                       std::string& faults) {
  std::vector<FiledRecording> found;
  for (const std::string& path : paths) {
    std::ifstream file(path);
    for (std::string text; std::getline(file, text);) {
      std::optional<Line> line = parse_line(text, cpus);
      if (!line || file.eof()) {
        faults += path + ": no whole line: " + text + "\n";
        continue;
      }
      if (found.empty() || found.back().label != line->label) {
        found.push_back({line->label, std::vector<FiledSegment>(static_cast<size_t>(cpus))});
        found.back().from_start = found.size() > 1 || path.ends_with(".0");
      }
      add_line(found.back(), *line, faults);
    }
  }
  return found;
}

}  // namespace stapd::test
