#include "stapd/bus/session_object.h"

#include <fmt/ranges.h>

#include "stapd/bus/manager_object.h"

namespace stapd::bus {
namespace {

constexpr StartCall kStarts = {&Manager::start, "start", false};
constexpr StartCall kRestarts = {&Manager::restart, "restart", false};

using Message = std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)>;

Message new_reply(sd_bus_message* call) {
  sd_bus_message* reply = nullptr;
  sd_bus_message_new_method_return(call, &reply);
  return {reply, sd_bus_message_unref};
}

Session& session_of(void* userdata) { return *static_cast<Session*>(userdata); }

// What was given when the vtable was added; the handlers' own userdata is the session.
Manager& manager_of(sd_bus_message* call) {
  sd_bus_slot* slot = sd_bus_get_current_slot(sd_bus_message_get_bus(call));
  return *static_cast<Manager*>(sd_bus_slot_get_userdata(slot));
}

int not_recording(sd_bus_error* error, const Error& why) {
  return set_error(error, why.code == ErrorCode::not_found ? kNotRecording : SD_BUS_ERROR_FAILED,
                   why.message);
}

// ---- properties -------------------------------------------------------------------------------

template <auto Get>
int text_property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                  void* userdata, sd_bus_error*) {
  std::string text = Get(session_of(userdata));
  return sd_bus_message_append(reply, "s", text.c_str());
}

template <auto Get>
int number_property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                    void* userdata, sd_bus_error*) {
  return sd_bus_message_append(reply, "t", static_cast<uint64_t>(Get(session_of(userdata))));
}

template <auto Get>
int flag_property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                  void* userdata, sd_bus_error*) {
  return sd_bus_message_append(reply, "b", int{Get(session_of(userdata))});
}

std::string get_name(const Session& session) { return session.name(); }
std::string get_description(const Session& session) { return session.profile().description; }
std::string get_state(const Session& session) { return name_of(session.state()); }
std::string get_failure(const Session& session) {
  return session.failure() ? session.failure()->message : "";
}
std::string get_profile(const Session& session) { return session.profile().path; }
std::string get_warnings(const Session& session) {
  return fmt::format("{}", fmt::join(session.warnings(), "\n"));
}
std::string get_script(const Session& session) { return session.profile().script_path; }
bool get_automatic(const Session& session) { return session.profile().automatic; }
bool get_outdated(const Session& session) { return session.is_outdated(); }
uint64_t get_started(const Session& session) { return session.started_real_ns() / 1000; }
uint64_t get_ring_bytes(const Session& session) { return session.ring_bytes(); }

// ---- methods ----------------------------------------------------------------------------------

int append_causes(sd_bus_message* reply, const SegmentLedger& ledger) {
  static constexpr const char* kCauses[kDropCauses] = {
      "record too long", "nested too deep", "lock timeout", "action limit", "interrupted itself"};
  int r = sd_bus_message_open_container(reply, 'e', "sv");
  if (r >= 0) r = sd_bus_message_append(reply, "s", "DroppedBy");
  if (r >= 0) r = sd_bus_message_open_container(reply, 'v', "a{st}");
  if (r >= 0) r = sd_bus_message_open_container(reply, 'a', "{st}");
  for (uint32_t i = 0; i < kDropCauses && r >= 0; ++i)
    if (ledger.dropped[i]) r = sd_bus_message_append(reply, "{st}", kCauses[i], ledger.dropped[i]);
  for (int level = 0; level < 3 && r >= 0; ++level) r = sd_bus_message_close_container(reply);
  return r;
}

// Records that were never reserved; skipped handlers are counted by themselves.
uint64_t dropped_records(const SegmentLedger& ledger) {
  return ledger.dropped[static_cast<size_t>(DropCause::record_too_long)];
}

int append_files(sd_bus_message* reply, const FilingStatus& files) {
  const std::pair<const char*, uint64_t> counters[] = {{"Files", files.files},
                                                       {"FileBytes", files.bytes},
                                                       {"FileBlocks", files.blocks},
                                                       {"FileRecords", files.written},
                                                       {"FileUnwritten", files.unwritten},
                                                       {"FileOverwritten", files.overwritten},
                                                       {"FileFailures", files.failures}};
  int r = 0;
  for (const auto& [name, value] : counters)
    if (r >= 0) r = sd_bus_message_append(reply, "{sv}", name, "t", value);
  if (r >= 0) r = sd_bus_message_append(reply, "{sv}", "FilePath", "s", files.path.c_str());
  if (r >= 0 && !files.trouble.empty())
    r = sd_bus_message_append(reply, "{sv}", "FileTrouble", "s", files.trouble.c_str());
  return r;
}

int get_statistics(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  Result<SessionStatistics> statistics = session_of(userdata).statistics();
  if (!statistics) return not_recording(error, statistics.error());
  const SegmentLedger& ledger = statistics->ledger;
  const std::pair<const char*, uint64_t> counters[] = {
      {"Produced", ledger.produced + dropped_records(ledger)},
      {"Kept", ledger.kept},
      {"Overwritten", ledger.overwritten},
      {"InFlight", ledger.in_flight},
      {"Dropped", dropped_records(ledger)},
      {"Skipped", statistics->skipped},
      {"Errors", statistics->errors},
      {"Missed", statistics->missed},
      {"DepthNSec", statistics->depth_ns},
      {"WorstDepthNSec", statistics->worst_depth_ns},
      {"OldestNSec", statistics->oldest_ns},
      {"KeepNSec", session_of(userdata).profile().keep_ns},
      {"EarlierRecordings", statistics->earlier},
      {"AwayNSec", statistics->away_ns},
      {"LastAwayNSec", statistics->last_away_ns},
      {"Adoptions", statistics->adoptions}};
  Message reply = new_reply(call);
  int r = sd_bus_message_open_container(reply.get(), 'a', "{sv}");
  for (const auto& [name, value] : counters)
    if (r >= 0) r = sd_bus_message_append(reply.get(), "{sv}", name, "t", value);
  if (r >= 0 && statistics->files) r = append_files(reply.get(), *statistics->files);
  if (r >= 0) r = append_causes(reply.get(), ledger);
  if (r >= 0) r = sd_bus_message_close_container(reply.get());
  return r < 0 ? r : sd_bus_send(nullptr, reply.get(), nullptr);
}

int append_opened(sd_bus_message* reply, const std::string& session,
                  const OpenedRecording& opened) {
  return sd_bus_message_append(reply, "hhha{sv}", opened.schema.get(), opened.ring.get(),
                               opened.state.get(), 4, "SegmentBytes", "t", opened.segment_bytes,
                               "Segments", "u", opened.segments, "StateBytes", "t",
                               opened.state_bytes, "Session", "s", session.c_str());
}

int open_recording(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  const Session& session = session_of(userdata);
  Result<OpenedRecording> opened = session.open_recording();
  if (!opened) return not_recording(error, opened.error());
  manager_of(call).note(session.name(), "read", caller_of(call));
  Message reply = new_reply(call);
  int r = append_opened(reply.get(), session.name(), *opened);
  return r < 0 ? r : sd_bus_send(nullptr, reply.get(), nullptr);
}

int open_earlier(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  Session& session = session_of(userdata);
  Result<std::vector<OpenedRecording>> all = session.open_earlier();
  if (!all) return not_recording(error, all.error());
  Message reply = new_reply(call);
  int r = sd_bus_message_open_container(reply.get(), 'a', "(hhha{sv})");
  for (const OpenedRecording& opened : *all) {
    if (r >= 0) r = sd_bus_message_open_container(reply.get(), 'r', "hhha{sv}");
    if (r >= 0) r = append_opened(reply.get(), session.name(), opened);
    if (r >= 0) r = sd_bus_message_close_container(reply.get());
  }
  if (r >= 0) r = sd_bus_message_close_container(reply.get());
  return r < 0 ? r : sd_bus_send(nullptr, reply.get(), nullptr);
}

int take_snapshot(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  const Session& session = session_of(userdata);
  SnapshotRequest request;
  const void* numbers = nullptr;
  size_t size = 0;
  int r = sd_bus_message_read(call, "uu", &request.earlier, &request.first);
  if (r >= 0) r = sd_bus_message_read_array(call, 't', &numbers, &size);
  if (r < 0) return r;
  request.after = {static_cast<const uint64_t*>(numbers), size / sizeof(uint64_t)};
  Result<Snapshot> taken = session.take_snapshot(request);
  if (!taken) return not_recording(error, taken.error());
  manager_of(call).note_reader(session.name(), caller_of(call));
  Message reply = new_reply(call);
  r = sd_bus_message_append(reply.get(), "hha{sv}", taken->schema_fd, taken->ring.get(), 7,
                            "SegmentBytes", "t", taken->segment_bytes, "Segments", "u",
                            taken->segments, "First", "u", taken->first, "End", "u", taken->end,
                            "RingId", "u", taken->ring_id, "Ended", "b", int{taken->ended},
                            "Replaced", "b", int{taken->replaced});
  return r < 0 ? r : sd_bus_send(nullptr, reply.get(), nullptr);
}

int dump_globals(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  Result<UniqueFd> text = session_of(userdata).dump_globals();
  if (!text) return not_recording(error, text.error());
  manager_of(call).note(session_of(userdata).name(), "globals read", caller_of(call));
  return sd_bus_reply_method_return(call, "h", text->get());
}

int start(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  return start_and_reply(manager_of(call), session_of(userdata).name(), call, kStarts, error);
}

int restart(sd_bus_message* call, void* userdata, sd_bus_error* error) {
  return start_and_reply(manager_of(call), session_of(userdata).name(), call, kRestarts, error);
}

int stop(sd_bus_message* call, void* userdata, sd_bus_error*) {
  stop_and_reply(manager_of(call), session_of(userdata).name(), call);
  return 1;
}

// Who may call what is decided before (rights.h), not by sd-bus.
const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Name", "s", text_property<get_name>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Description", "s", text_property<get_description>, 0, 0),
    SD_BUS_PROPERTY("State", "s", text_property<get_state>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Failure", "s", text_property<get_failure>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Warnings", "s", text_property<get_warnings>, 0, 0),
    SD_BUS_PROPERTY("Profile", "s", text_property<get_profile>, 0, 0),
    SD_BUS_PROPERTY("Script", "s", text_property<get_script>, 0, 0),
    SD_BUS_PROPERTY("Automatic", "b", flag_property<get_automatic>, 0, 0),
    SD_BUS_PROPERTY("Outdated", "b", flag_property<get_outdated>, 0, 0),
    SD_BUS_PROPERTY("StartedUSec", "t", number_property<get_started>, 0, 0),
    SD_BUS_PROPERTY("RingBytes", "t", number_property<get_ring_bytes>, 0, 0),
    SD_BUS_METHOD("GetStatistics", "", "a{sv}", get_statistics, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("OpenRecording", "", "hhha{sv}", open_recording, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("OpenEarlier", "", "a(hhha{sv})", open_earlier, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("TakeSnapshot", "uuat", "hha{sv}", take_snapshot, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("DumpGlobals", "", "h", dump_globals, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Start", "", "", start, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Restart", "", "", restart, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Stop", "", "", stop, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};

int find_session(sd_bus*, const char* path, const char*, void* userdata, void** found,
                 sd_bus_error*) {
  *found = static_cast<Manager*>(userdata)->find(bus::session_of(path));
  return *found ? 1 : 0;
}

int enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) {
  const auto& sessions = static_cast<Manager*>(userdata)->sessions();
  auto paths = static_cast<char**>(std::calloc(sessions.size() + 1, sizeof(char*)));
  size_t count = 0;
  for (const auto& [name, session] : sessions) paths[count++] = strdup(path_of(*session).c_str());
  *nodes = paths;
  return 0;
}

}  // namespace

int add_session_objects(sd_bus* bus, Manager& manager) {
  int r = sd_bus_add_fallback_vtable(bus, nullptr, kSessions, kSessionInterface, kVtable,
                                     find_session, &manager);
  if (r >= 0) r = sd_bus_add_node_enumerator(bus, nullptr, kRoot, enumerate, &manager);
  return r;
}

}  // namespace stapd::bus
