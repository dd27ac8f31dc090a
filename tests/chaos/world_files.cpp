// The files of the chaos' session: what is in them is compared with what the rings said.
#include <algorithm>

#include "tests/chaos/files_check.h"
#include "tests/chaos/world.h"

namespace stapd::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNames[] = {"", "rec", "txt"};

std::string name_of_cpu(const std::string& label, size_t cpu) {
  return label + ", CPU " + std::to_string(cpu) + ": ";
}

}  // namespace

// None, a recording, or text; few files of them, or all. A ring of text is so large that stapd is
// back before it overwrites: text does not say what is missing.
std::string World::choose_files(const std::string& label) {
  FileMode& mode = modes_[label];
  mode.kind = FileMode::Kind(random(3));
  mode.count = random(2) ? 3 : 0;
  const char* const ring_sizes[] = {"64K", "128K", "256K"};
  std::string ring = mode.kind == FileMode::text ? "4M" : ring_sizes[random(3)];
  std::string profile = "[Memory]\nSize=" + ring + "\n";
  if (mode.kind == FileMode::none) return profile;
  profile += "[File]\nPath=" + files_folder() + "/" + kNames[mode.kind] +
             "\nSize=" + (random(2) ? "64K" : "1M") + "\n";
  if (mode.kind == FileMode::text) profile += "Format=text\n";
  if (mode.count) profile += "Count=" + std::to_string(mode.count) + "\n";
  return profile;
}

// What a ring says of the recording that `held` is, now.
void World::note_recording(const MappedRecording& held, const NumberedRecording& found,
                           bool after_pause) {
  if (recorded_.empty() || recorded_.back().label != found.label) {
    recorded_.push_back({found.label, modes_[found.label], after_pause, {}});
  }
  Recorded& recorded = recorded_.back();
  recorded.cpus.resize(found.cpus.size());
  for (size_t cpu = 0; cpu < found.cpus.size(); ++cpu) {
    auto ledger = held.reader().read_new(static_cast<uint32_t>(cpu), 0).ledger();
    recorded.cpus[cpu] = {found.cpus[cpu].last, ledger.overwritten};
  }
}

std::vector<std::string> World::files_of(FileMode::Kind kind, std::string& faults) const {
  std::map<uint32_t, std::string> paths;
  std::string prefix = std::string(kNames[kind]) + ".";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(files_folder(), none)) {
    std::string name = entry.path().filename();
    std::string number = name.substr(std::min(name.size(), prefix.size()));
    if (!name.starts_with(prefix)) continue;
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos)
      faults += "left behind: " + entry.path().string() + "\n";
    else
      paths[static_cast<uint32_t>(std::stoul(number))] = entry.path();
  }
  std::vector<std::string> in_order;
  for (const auto& [number, path] : paths) in_order.push_back(path);
  return in_order;
}

bool World::files_have_all_events() {
  std::string ignored;
  const Recorded& now = recorded_.back();
  std::vector<FiledRecording> filed = read_files(now.mode.kind, ignored);
  if (filed.empty() || filed.back().label != now.label) return false;
  for (size_t cpu = 0; cpu < now.cpus.size(); ++cpu)
    if (filed.back().cpus[cpu].last != now.cpus[cpu].last) return false;
  return true;
}

std::vector<FiledRecording> World::read_files(FileMode::Kind kind, std::string& faults) const {
  std::vector<std::string> paths = files_of(kind, faults);
  return kind == FileMode::text ? read_texts(paths, load_.cpus(), faults)
                                : read_recordings(paths, load_.cpus(), faults);
}

// While the load pauses, or the session has ended.
void World::check_files(bool ended, std::string& faults) {
  for (FileMode::Kind kind : {FileMode::recording, FileMode::text}) {
    std::vector<FiledRecording> filed = read_files(kind, faults);
    std::vector<const Recorded*> expected;
    bool bounded = false;
    for (const Recorded& recorded : recorded_) {
      if (recorded.mode.kind != kind) continue;
      expected.push_back(&recorded);
      bounded |= recorded.mode.count > 0;
    }
    if (filed.size() > expected.size() || (filed.size() < expected.size() && !bounded)) {
      faults += std::to_string(filed.size()) + " recordings are in " + kNames[kind] + ", not " +
                std::to_string(expected.size()) + "; there are:";
      for (const FiledRecording& one : filed) faults += " " + one.label;
      faults += "; expected:";
      for (const Recorded* one : expected) faults += " " + one->label;
      faults += "\n";
      continue;
    }
    expected.erase(expected.begin(), expected.end() - static_cast<ptrdiff_t>(filed.size()));
    for (size_t i = 0; i < filed.size(); ++i) {
      check_filed(filed[i], *expected[i], faults);
      if (!filed[i].from_start && (i || !bounded))
        faults += filed[i].label + ": the begin of its files is gone\n";
      if (!filed[i].ended && (ended || expected[i] != &recorded_.back()))
        faults += filed[i].label + ": its files have no end\n";
      bool follows = i && expected[i] == expected[i - 1] + 1 && !expected[i]->after_pause;
      if (follows) check_seam(filed[i - 1], filed[i], faults);
    }
    const Recorded& now = recorded_.back();
    size_t files = files_of(kind, faults).size();
    if (now.mode.kind == kind && now.mode.count && files > now.mode.count)
      faults += std::to_string(files) + " files are in " + kNames[kind] + "\n";
  }
}

// All that its ring ever had, but for what was overwritten before it could be read.
void World::check_filed(const FiledRecording& filed, const Recorded& recorded,
                        std::string& faults) {
  if (filed.label != recorded.label) {
    faults += "files of " + filed.label + ", not of " + recorded.label + "\n";
    return;
  }
  for (size_t cpu = 0; cpu < recorded.cpus.size(); ++cpu) {
    const FiledSegment& segment = filed.cpus[cpu];
    if (!segment.any && !filed.from_start) continue;  // all of it is in files that were deleted
    if (segment.last != recorded.cpus[cpu].last)
      faults += name_of_cpu(filed.label, cpu) + "its files end with " +
                std::to_string(segment.last) + ", its ring with " +
                std::to_string(recorded.cpus[cpu].last) + "\n";
    if (segment.lost > recorded.cpus[cpu].overwritten)
      faults += name_of_cpu(filed.label, cpu) + std::to_string(segment.lost) +
                " records are not in its files, its ring has overwritten " +
                std::to_string(recorded.cpus[cpu].overwritten) + "\n";
  }
}

void World::check_seam(const FiledRecording& before, const FiledRecording& now,
                       std::string& faults) {
  if (!now.from_start) return;
  for (size_t cpu = 0; cpu < now.cpus.size(); ++cpu) {
    // Of a CPU that recorded less than the others all may be in files that were deleted.
    if (!before.cpus[cpu].any && !before.from_start) continue;
    if (now.cpus[cpu].any && now.cpus[cpu].first > before.cpus[cpu].last + 1)
      faults += name_of_cpu(now.label, cpu) + "its files begin with " +
                std::to_string(now.cpus[cpu].first) + ", those of " + before.label + " end with " +
                std::to_string(before.cpus[cpu].last) + "\n";
  }
}

// Of a session that was stopped: everything is there, and has its end. The next one begins with an
// empty folder.
void World::check_ended_files() {
  auto recording = daemon_.client().open(kSession);
  if (!recording) return fail("what it recorded cannot be opened: " + daemon_.client().error());
  std::string ignored;
  note_recording(*recording, check_recording(*recording, load_.cpus(), 0, ignored), false);
  check_files(true, faults_);
  for (const Recorded& recorded : recorded_) ++whole_[recorded.mode.kind];
  recorded_.clear();
  fs::remove_all(files_folder());
}

void World::check_live_files(std::string& faults) {
  if (recorded_.back().mode.kind == FileMode::none) return;
  if (!wait_until([&] { return files_have_all_events(); }))
    faults += "the newest event does not come into the files\n";
  check_files(false, faults);
}

}  // namespace stapd::test
