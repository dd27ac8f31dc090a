// A stapd with one session that writes files, and what is in them.
#pragma once

#include <set>

#include "runtime/store/recording_reader.h"
#include "tests/support/daemon_under_test.h"
#include "tests/support/marked_calls.h"

namespace stapd::test {

namespace fs = std::filesystem;

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What a set of files says of one recording.
struct FileContent {
  std::vector<std::set<uint64_t>> numbers;  // of the records, by segment
  std::vector<SegmentTotals> ledger;
  uint64_t twice = 0;
  std::string output;    // of the script
  std::string findings;  // what is wrong
  bool live = false;
};

class FilesTest : public testing::Test {
 protected:
  std::string folder() const { return daemon_.root() + "/out"; }
  std::string path() const { return folder() + "/rec"; }

  // Session "marked"; `more` are further lines of [File].
  void add(const std::string& script, const std::string& more = "",
           const std::string& memory = "Size=1M\n") {
    daemon_.add_profile(
        "marked", script,
        "Start=manual\n[Memory]\n" + memory + "[File]\nPath=" + path() + "\n" + more);
  }
  void start() {
    daemon_.start();
    ASSERT_TRUE(daemon_.client().start("marked")) << daemon_.client().error();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder(), error))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  FileContent read(const std::vector<std::string>& only = {}) const {
    FileContent content;
    RecordingReader reader;
    for (const std::string& name : only.empty() ? names() : only)
      EXPECT_TRUE(reader.add_file(folder() + "/" + name));
    reader.open();
    for (RecordedRecord record; reader.next(record);) {
      uint32_t segment = record.record.segment;
      if (content.numbers.size() <= segment) content.numbers.resize(segment + 1);
      content.twice += !content.numbers[segment].insert(record.record.number).second;
      auto view = record.schema->formatter.view_untrusted(record.record.bytes);
      if (view && view->format().channel == RecordChannel::output)
        record.schema->formatter.append_text(content.output, *view);
    }
    for (const Finding& finding : reader.findings()) {
      if (finding.is_fault()) content.findings += finding.text + "\n";
      content.live |= finding.kind == Finding::Kind::live;
    }
    if (reader.recordings() > 0) content.ledger = reader.ledger(reader.recordings() - 1);
    return content;
  }

  uint64_t written_on_first_cpu() const {
    FileContent content = read();
    return content.ledger.empty() ? 0 : content.ledger[0].written;
  }

  // Every record that was produced is there once, or counted; `made` by CPU.
  void expect_exact(const FileContent& content, const std::vector<uint64_t>& made,
                    uint64_t of_daemon = 0) const {
    EXPECT_EQ(content.findings, "");
    EXPECT_EQ(content.twice, 0u);
    ASSERT_GT(content.ledger.size(), made.size());
    for (size_t cpu = 0; cpu < made.size(); ++cpu) {
      const SegmentTotals& totals = content.ledger[cpu];
      size_t there = cpu < content.numbers.size() ? content.numbers[cpu].size() : 0;
      EXPECT_EQ(totals.written, there) << "CPU " << cpu;
      EXPECT_EQ(totals.unreadable + totals.abandoned, 0u);
      EXPECT_EQ(there + totals.overwritten + totals.unwritten, made[cpu] + of_daemon)
          << "CPU " << cpu << ": " << totals.overwritten << " overwritten";
    }
  }

  DaemonUnderTest daemon_;
};

using Names = std::vector<std::string>;

}  // namespace stapd::test
