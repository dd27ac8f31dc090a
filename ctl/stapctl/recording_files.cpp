#include "ctl/stapctl/recording_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include "ctl/show/ledger_text.h"

namespace stapd::ctl {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLinesOfAKind = 20;

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 9 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

// NAME.0, NAME.1, ..., in this order.
std::vector<std::string> files_of_set(const std::string& name) {
  std::map<unsigned long, std::string> numbered;
  fs::path base(name);
  fs::path folder = base.has_parent_path() ? base.parent_path() : fs::path(".");
  std::string prefix = base.filename().string() + ".";
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string file = entry->path().filename().string();
    if (!file.starts_with(prefix) || !is_number(file.substr(prefix.size()))) continue;
    numbered[std::stoul(file.substr(prefix.size()))] = name + file.substr(prefix.size() - 1);
  }
  std::vector<std::string> files;
  for (auto& [number, file] : numbered) files.push_back(std::move(file));
  return files;
}

const char* kind_text(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::live:
      return "files that are being written";
    case Finding::Kind::torn_tail:
      return "torn tails";
    case Finding::Kind::damage:
      return "damaged places";
    case Finding::Kind::missing_blocks:
      return "gaps in the sequence of blocks";
    case Finding::Kind::missing_file:
      return "missing files";
    case Finding::Kind::no_end:
      return "files without an end block";
    case Finding::Kind::unknown_version:
      return "files with blocks of another version";
    case Finding::Kind::unreadable:
      return "blocks that cannot be read";
    case Finding::Kind::no_recording:
      return "files that are no recordings";
  }
  return "others";
}

// What became of the records, over all segments.
SegmentTotals sum_of(const std::vector<SegmentTotals>& ledger) {
  SegmentTotals sum;
  for (const SegmentTotals& segment : ledger) {
    sum.written += segment.written;
    sum.overwritten += segment.overwritten;
    sum.abandoned += segment.abandoned;
    sum.unreadable += segment.unreadable;
    sum.unwritten += segment.unwritten;
    for (uint32_t cause = 0; cause < kDropCauses; ++cause)
      sum.dropped[cause] += segment.dropped[cause];
  }
  return sum;
}

}  // namespace

Result<std::vector<std::string>> find_recording_files(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  auto add = [&](const std::string& file) {
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  };
  for (const std::string& name : names) {
    std::error_code error;
    if (fs::is_directory(name, error))
      return failf(ErrorCode::invalid_argument, "{}: this is a folder; name the files in it", name);
    std::vector<std::string> set;
    if (!fs::exists(name, error)) set = files_of_set(name);
    if (set.empty()) set = {name};
    for (const std::string& file : set) add(file);
  }
  return files;
}

std::vector<std::string> finding_lines(const std::vector<Finding>& findings) {
  std::map<Finding::Kind, size_t> counts;
  std::vector<std::string> lines;
  for (const Finding& finding : findings)
    if (finding.is_fault() && ++counts[finding.kind] <= kMostLinesOfAKind)
      lines.push_back(finding.text);
  for (auto [kind, count] : counts)
    if (count > kMostLinesOfAKind)
      lines.push_back(fmt::format("and more {}: {} in all", kind_text(kind), count));
  return lines;
}

std::string recording_line(const RecordingReader& reader, size_t recording) {
  const ReadSchema* schema = reader.schema(recording);
  std::string name = schema ? schema->info.session : to_text(reader.id(recording));
  std::string host = schema && !schema->info.host.empty() ? " on " + schema->info.host : "";
  SegmentTotals sum = sum_of(reader.ledger(recording));
  auto dropped = [&](DropCause cause) { return sum.dropped[static_cast<size_t>(cause)]; };
  std::string text = fmt::format("{}{}: {} here, {} written, {} overwritten before, {} dropped",
                                 name, host, counted(reader.records(recording), "record"),
                                 sum.written, sum.overwritten, dropped(DropCause::record_too_long));
  if (sum.unwritten) text += fmt::format(", {} refused by the disk", sum.unwritten);
  if (uint64_t lost = sum.abandoned + sum.unreadable) text += fmt::format(", {} unreadable", lost);
  if (uint64_t skipped = dropped(DropCause::nested_too_deep) + dropped(DropCause::lock_timeout))
    text += fmt::format("; {} skipped", counted(skipped, "handler"));
  return text;
}

}  // namespace stapd::ctl
