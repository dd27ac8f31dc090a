#include "tests/chaos/world.h"

#include <dirent.h>

namespace stapd::test {
namespace {

size_t count_entries(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

const World::Deed World::kDeeds[] = {
    {"kill", &World::kill_and_start},
    {"terminate", &World::terminate_and_start},
    {"reload", &World::reload},
    {"restart", &World::restart},
    {"kill in a restart", &World::restart_and_kill},
    {"stop and start", &World::stop_and_start},
    {"kill in a stop", &World::stop_and_kill},
    {"restart with a wrong script", &World::start_with_wrong_script},
    {"lose the profile", &World::lose_profile},
    {"kill while it starts", &World::kill_while_it_starts},
    {"read meanwhile", &World::read_meanwhile},
};

World::World(uint64_t seed, int cpus) : random_(seed), load_(cpus) {
  write_profile();
  start_daemon();
  if (!daemon_.client().start(kSession)) fail("it does not start: " + daemon_.client().error());
}

// ---- what is done -----------------------------------------------------------------------------

void World::record_a_while() {
  load_.run();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

std::string World::act() {
  const Deed& deed = kDeeds[random(std::size(kDeeds))];
  load_.run();
  (this->*deed.run)();
  std::this_thread::sleep_for(std::chrono::milliseconds(random(5)));
  return deed.name;
}

// Another label, often another size of the ring, and other files.
void World::write_profile() {
  std::string label = "g" + std::to_string(++generation_);
  daemon_.add_profile(kSession, numbered_script(label), choose_files(label));
}

void World::start_daemon() {
  pid_t pid = daemon_.pid();
  daemon_.start();
  if (daemon_.pid() == pid) fail("stapd does not start: " + daemon_.log());
}

void World::kill_and_start() {
  daemon_.kill_now();
  start_daemon();
}

void World::terminate_and_start() {
  if (int status = daemon_.terminate()) fail("SIGTERM: exit status " + std::to_string(status));
  start_daemon();
}

void World::reload() {
  if (random(2)) write_profile();
  daemon_.client().reload();
}

void World::restart() {
  write_profile();
  if (!daemon_.client().restart(kSession)) fail("restart: " + daemon_.client().error());
}

void World::kill_after(uint64_t us) {
  std::this_thread::sleep_for(std::chrono::microseconds(us));
  kill(daemon_.pid(), SIGKILL);
}

void World::restart_and_kill() {
  write_profile();
  std::thread killer([this, us = random(40'000)] { kill_after(us); });
  daemon_.client().restart(kSession);
  killer.join();
  kill_and_start();
}

// The other way round there is a time in which nothing records; the events of it are nobody's.
void World::stop_and_start() {
  paused_between_ = true;
  if (!daemon_.client().stop(kSession)) fail("stop: " + daemon_.client().error());
  check_ended_files();
  write_profile();
  if (!daemon_.client().start(kSession)) fail("start: " + daemon_.client().error());
}

// It goes on, or has ended; or it has begun anew, if it had ended whole.
void World::stop_and_kill() {
  paused_between_ = true;
  write_profile();
  std::thread killer([this, us = random(20'000)] { kill_after(us); });
  daemon_.client().stop(kSession);
  killer.join();
  kill_and_start();
  if (!daemon_.client().start(kSession)) fail("start: " + daemon_.client().error());
}

void World::start_with_wrong_script() {
  daemon_.write(std::string(kSession) + ".stp", "probe begin { printn(1) }\n");
  if (daemon_.client().restart(kSession)) fail("a wrong script was taken");
  write_profile();
}

void World::lose_profile() {
  std::filesystem::remove(daemon_.conf_folder() + "/" + kSession + ".conf");
  daemon_.client().reload();
  if (random(2)) kill_and_start();
  write_profile();
  daemon_.client().reload();
}

void World::kill_while_it_starts() {
  daemon_.kill_now();
  pid_t pid = daemon_.spawn();
  std::this_thread::sleep_for(std::chrono::microseconds(random(30'000)));
  kill(pid, SIGKILL);
  DaemonUnderTest::wait_for(pid);
  start_daemon();
}

// What is read while it is written is a part of what is there: one after the other.
void World::read_meanwhile() {
  auto recording = daemon_.client().open(kSession);
  if (!recording) return fail("it cannot be opened: " + daemon_.client().error());
  std::istringstream text(recording->text());
  std::vector<std::optional<uint64_t>> last(static_cast<size_t>(load_.cpus()));
  std::string label;
  size_t cpu = 0;
  for (uint64_t number = 0; text >> label >> cpu >> number; last.at(cpu) = number)
    if (last.at(cpu) && number != *last.at(cpu) + 1)
      fail("a reader saw " + std::to_string(number) + " after " + std::to_string(*last.at(cpu)));
}

// ---- what must hold ---------------------------------------------------------------------------

std::string World::check() {
  // Something was recorded since the last check, whatever happened.
  load_.wait_for_more();
  load_.pause();
  std::string faults = std::exchange(faults_, "");
  if (daemon_.client().state_of(kSession) != "recording")
    return faults + "it does not record: " + daemon_.client().text_property(kSession, "Failure");
  auto recording = daemon_.client().open(kSession);
  if (!recording) return faults + "it cannot be opened: " + daemon_.client().error();
  uint64_t heartbeats = daemon_.client().statistics(kSession)["Adoptions"];
  NumberedRecording now = check_recording(*recording, load_.cpus(), heartbeats, faults);
  for (int cpu = 0; cpu < load_.cpus(); ++cpu) {
    const NumberedSegment& segment = now.cpus[static_cast<size_t>(cpu)];
    if (!segment.any || segment.last + 1 != load_.made(cpu))
      faults += "CPU " + std::to_string(cpu) + ": " + std::to_string(load_.made(cpu)) +
                " events were made, the newest record is of " + std::to_string(segment.last) + "\n";
  }
  if (held_) {
    std::string ignored;  // its heartbeats after the last check are not known
    NumberedRecording before = check_recording(*held_, load_.cpus(), held_heartbeats_, ignored);
    if (!recorded_.empty()) note_recording(*held_, before, false);
    for (size_t cpu = 0; cpu < now.cpus.size() && before.label != now.label && !paused_between_;
         ++cpu)
      if (now.cpus[cpu].first > before.cpus[cpu].last + 1)
        faults += "CPU " + std::to_string(cpu) + ": " + now.label + " begins with " +
                  std::to_string(now.cpus[cpu].first) + ", " + before.label + " ended with " +
                  std::to_string(before.cpus[cpu].last) + "\n";
  }
  note_recording(*recording, now, paused_between_);
  if (random(8) == 0) check_live_files(faults);
  held_ = std::move(recording);
  held_heartbeats_ = heartbeats;
  paused_between_ = false;
  check_pins(faults);
  check_process(faults);
  return faults;
}

// The session, what it recorded before (four at most), and nothing half made.
void World::check_pins(std::string& faults) {
  size_t earlier = 0;
  for (const auto& entry : std::filesystem::directory_iterator(daemon_.paths().sessions_folder())) {
    std::string name = entry.path().filename();
    if (session_of_earlier_pins(name) == kSession && name.find("+old") == std::string::npos)
      ++earlier;
    else if (name != kSession)
      faults += "left behind: " + entry.path().string() + "\n";
  }
  if (earlier > 4) faults += std::to_string(earlier) + " earlier recordings are kept\n";
}

// A few descriptors for stapd itself, so many for each map, program and link: no more than these.
void World::check_process(std::string& faults) {
  constexpr size_t kMost = 200;
  std::string process = "/proc/" + std::to_string(daemon_.pid());
  size_t fds = count_entries(process + "/fd");
  if (fds > kMost) faults += std::to_string(fds) + " file descriptors are open\n";
  std::ifstream children(process + "/task/" + std::to_string(daemon_.pid()) + "/children");
  std::string child;
  if (children >> child) faults += "a child is left: " + child + "\n";
}

std::string World::end() {
  std::string faults;
  if (!daemon_.client().stop(kSession)) faults += "stop: " + daemon_.client().error() + "\n";
  check_ended_files();
  faults += std::exchange(faults_, "");
  if (int status = daemon_.terminate()) faults += "exit status " + std::to_string(status) + "\n";
  held_.reset();
  if (daemon_.has_pins()) faults += "pins are left behind\n";
  for (const auto& entry : std::filesystem::directory_iterator(daemon_.paths().run_folder)) {
    std::string name = entry.path().filename();
    if (name != "lock" && name != "stopped")
      faults += "left behind: " + entry.path().string() + "\n";
  }
  return faults;
}

}  // namespace stapd::test
