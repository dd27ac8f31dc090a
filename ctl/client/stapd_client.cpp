#include "ctl/client/stapd_client.h"

#include <systemd/sd-bus.h>
#include <unistd.h>

#include <utility>

#include "ctl/client/copied_recording.h"
#include "ctl/client/read_sealed.h"
#include "ctl/client/variant_map.h"
#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

const Target kManager = {kManagerPath, kManagerInterface};

Target session_target(const std::string& path) { return {path, kSessionInterface}; }

Result<VariantMap> all_properties(const Bus& bus, const std::string& path, const char* interface) {
  STAPD_ASSIGN(BusMessage reply,
               bus.call({path, "org.freedesktop.DBus.Properties"}, "GetAll", interface));
  return VariantMap::read(reply, "GetAll");
}

Result<std::vector<std::string>> read_texts(const BusMessage& reply, const char* method) {
  std::vector<std::string> texts;
  int error = sd_bus_message_enter_container(reply.get(), 'a', "s");
  const char* text = nullptr;
  while (error > 0 && (error = sd_bus_message_read_basic(reply.get(), 's', &text)) > 0)
    texts.emplace_back(text);
  if (error < 0) return strange_reply(method);
  return texts;
}

}  // namespace

uint64_t reach_ns(const SessionInfo& info, const SessionStatistics& statistics) {
  if (statistics.overwritten || !info.started_us) return statistics.depth_ns;
  uint64_t now = read_real_clock(), started = info.started_us * 1000;
  return now > started ? now - started : 0;
}

Result<StapdClient> StapdClient::connect(const std::optional<std::string>& root,
                                         uint64_t timeout_us) {
  STAPD_ASSIGN(std::unique_ptr<Bus> bus, Bus::connect(root, timeout_us));
  return StapdClient(std::move(bus), root);
}

Result<ManagerInfo> StapdClient::manager() {
  STAPD_ASSIGN(VariantMap all, all_properties(*bus_, kManagerPath, kManagerInterface));
  return ManagerInfo{all.text("Version"), static_cast<uint32_t>(all.number("Pid"))};
}

Result<std::vector<SessionEntry>> StapdClient::list_sessions() {
  STAPD_ASSIGN(BusMessage reply, bus_->call(kManager, "ListSessions"));
  std::vector<SessionEntry> sessions;
  const char *name = nullptr, *path = nullptr, *state = nullptr, *description = nullptr;
  int error = sd_bus_message_enter_container(reply.get(), 'a', "(soss)");
  while (error > 0 && (error = sd_bus_message_read(reply.get(), "(soss)", &name, &path, &state,
                                                   &description)) > 0)
    sessions.push_back({name, path, state, description});
  if (error < 0) return strange_reply("ListSessions");
  return sessions;
}

Result<std::string> StapdClient::find_session(const std::string& name) {
  STAPD_ASSIGN(BusMessage reply, bus_->call(kManager, "GetSession", name));
  const char* path = nullptr;
  if (sd_bus_message_read_basic(reply.get(), 'o', &path) <= 0) return strange_reply("GetSession");
  return std::string(path);
}

Status StapdClient::start(const std::string& name) {
  STAPD_TRY(bus_->call(kManager, "StartSession", name, AutoStart::yes));
  return {};
}

Status StapdClient::restart(const std::string& name) {
  STAPD_TRY(bus_->call(kManager, "RestartSession", name, AutoStart::yes));
  return {};
}

Status StapdClient::stop(const std::string& name) {
  STAPD_TRY(bus_->call(kManager, "StopSession", name));
  return {};
}

Result<std::vector<std::string>> StapdClient::stop_all() {
  STAPD_ASSIGN(BusMessage reply, bus_->call(kManager, "StopAll"));
  return read_texts(reply, "StopAll");
}

Result<std::vector<std::string>> StapdClient::reload() {
  STAPD_ASSIGN(BusMessage reply, bus_->call(kManager, "Reload"));
  return read_texts(reply, "Reload");
}

Result<SessionInfo> StapdClient::session_info(const std::string& path) {
  STAPD_ASSIGN(VariantMap all, all_properties(*bus_, path, kSessionInterface));
  SessionInfo info;
  info.name = all.text("Name");
  info.description = all.text("Description");
  info.state = all.text("State");
  info.failure = all.text("Failure");
  info.warnings = all.text("Warnings");
  info.profile = all.text("Profile");
  info.script = all.text("Script");
  info.automatic = all.flag("Automatic");
  info.outdated = all.flag("Outdated");
  info.started_us = all.number("StartedUSec");
  info.ring_bytes = all.number("RingBytes");
  return info;
}

Result<SessionStatistics> StapdClient::statistics(const std::string& path) {
  STAPD_ASSIGN(BusMessage reply, bus_->call(session_target(path), "GetStatistics"));
  STAPD_ASSIGN(VariantMap all, VariantMap::read(reply, "GetStatistics"));
  SessionStatistics statistics;
  statistics.produced = all.number("Produced");
  statistics.kept = all.number("Kept");
  statistics.overwritten = all.number("Overwritten");
  statistics.dropped = all.number("Dropped");
  statistics.skipped = all.number("Skipped");
  statistics.errors = all.number("Errors");
  statistics.missed = all.number("Missed");
  statistics.in_flight = all.number("InFlight");
  statistics.dropped_by = all.counts("DroppedBy");
  statistics.depth_ns = all.number("DepthNSec");
  statistics.worst_depth_ns = all.number("WorstDepthNSec");
  statistics.keep_ns = all.number("KeepNSec");
  statistics.oldest_ns = all.number("OldestNSec");
  statistics.earlier = all.number("EarlierRecordings");
  statistics.away_ns = all.number("AwayNSec");
  statistics.last_away_ns = all.number("LastAwayNSec");
  statistics.adoptions = all.number("Adoptions");
  if (std::string file = all.text("FilePath"); !file.empty())
    statistics.files = {file,
                        all.text("FileTrouble"),
                        all.number("Files"),
                        all.number("FileBytes"),
                        all.number("FileBlocks"),
                        all.number("FileFailures"),
                        all.number("FileRecords"),
                        all.number("FileUnwritten"),
                        all.number("FileOverwritten")};
  return statistics;
}

Result<std::string> StapdClient::globals(const std::string& path) {
  STAPD_ASSIGN(BusMessage reply, bus_->call(session_target(path), "DumpGlobals"));
  STAPD_ASSIGN(UniqueFd text, read_fd(reply, "DumpGlobals"));
  return read_sealed(text.get(), "the session's globals");
}

namespace {

Result<std::unique_ptr<Recording>> read_recording(const BusMessage& reply, const char* method) {
  RecordingFiles files;
  STAPD_ASSIGN(files.schema, read_fd(reply, method));
  STAPD_ASSIGN(files.ring, read_fd(reply, method));
  STAPD_ASSIGN(files.state, read_fd(reply, method));
  STAPD_ASSIGN(VariantMap all, VariantMap::read(reply, method));
  files.segment_bytes = all.number("SegmentBytes");
  files.segments = static_cast<uint32_t>(all.number("Segments"));
  files.state_bytes = all.number("StateBytes");
  return Recording::open(files);
}

}  // namespace

Result<std::unique_ptr<Recording>> StapdClient::open_recording(const std::string& path) {
  if (geteuid() != 0) return copy_recording(*bus_, path, 0);
  STAPD_ASSIGN(BusMessage reply, bus_->call(session_target(path), "OpenRecording"));
  return read_recording(reply, "OpenRecording");
}

Status StapdClient::refresh(Recording& copy, const std::vector<uint64_t>& positions) {
  STAPD_TRY(refresh_copy(*bus_, copy, 0, positions));
  if (!copy.is_elsewhere()) return {};
  // The newest of the earlier ones is the last.
  STAPD_ASSIGN(SessionStatistics now, statistics(copy.copied_from()));
  for (auto earlier = static_cast<uint32_t>(now.earlier); earlier > 0; --earlier) {
    STAPD_TRY(refresh_copy(*bus_, copy, earlier, positions));
    if (!copy.is_elsewhere()) return {};
  }
  copy.give_up();
  return {};
}

Result<std::vector<std::unique_ptr<Recording>>> StapdClient::open_earlier(const std::string& path) {
  std::vector<std::unique_ptr<Recording>> all;
  if (geteuid() != 0) {
    STAPD_ASSIGN(SessionStatistics now, statistics(path));
    for (uint32_t number = 1; number <= now.earlier; ++number) {
      STAPD_ASSIGN(std::unique_ptr<Recording> copy, copy_recording(*bus_, path, number));
      all.push_back(std::move(copy));
    }
    return all;
  }
  STAPD_ASSIGN(BusMessage reply, bus_->call(session_target(path), "OpenEarlier"));
  int error = sd_bus_message_enter_container(reply.get(), 'a', "(hhha{sv})");
  while (error > 0 && (error = sd_bus_message_enter_container(reply.get(), 'r', "hhha{sv}")) > 0) {
    STAPD_ASSIGN(std::unique_ptr<Recording> recording, read_recording(reply, "OpenEarlier"));
    all.push_back(std::move(recording));
    error = sd_bus_message_exit_container(reply.get());
  }
  if (error < 0) return strange_reply("OpenEarlier");
  return all;
}

}  // namespace stapd::ctl
