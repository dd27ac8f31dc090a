// A client of stapd's private socket, independent of stapctl.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"
#include "runtime/format/record_text.h"
#include "runtime/ring/ring_reader.h"
#include "runtime/store/schema.h"

namespace stapd::test {

// A recording as a reader sees it: mapped, read-only.
class MappedRecording {
 public:
  MappedRecording(UniqueFd ring, RecordingInfo info, uint32_t segment_bytes, uint32_t segments)
      : ring_(std::move(ring)), info_(std::move(info)) {
    size_t stride = segment_value_size(segment_bytes);
    size_ = stride * segments;
    memory_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, ring_.get(), 0);
    if (memory_ == MAP_FAILED) std::perror("mapping the ring"), std::abort();
    mapping_ = {static_cast<const std::byte*>(memory_), segment_bytes, stride, segments};
  }
  ~MappedRecording() { munmap(memory_, size_); }
  MappedRecording(const MappedRecording&) = delete;
  MappedRecording& operator=(const MappedRecording&) = delete;

  const RecordingInfo& info() const { return info_; }
  RingReader reader() const { return RingReader(mapping_, info_.formats); }
  int ring_fd() const { return ring_.get(); }
  size_t ring_size() const { return size_; }

  // The script's own output, whole.
  std::string text() const { return text_of(RecordChannel::output); }
  std::string text_of(RecordChannel channel) const {
    RingWindow window = reader().take();
    RecordFormatter formatter(info_.formats);
    std::string out;
    for (RingRecord record; window.next(record);) {
      std::optional<RecordView> view = formatter.view_untrusted(record.bytes);
      if (view && view->format().channel == channel) formatter.append_text(out, *view);
    }
    return out;
  }

 private:
  UniqueFd ring_;
  RecordingInfo info_;
  void* memory_ = nullptr;
  size_t size_ = 0;
  RingMapping mapping_;
};

class BusClient {
 public:
  struct Listed {
    std::string name, path, state, description;
  };

  // Null when nobody listens there.
  static std::unique_ptr<BusClient> connect(const std::string& socket) {
    std::unique_ptr<BusClient> client(new BusClient);
    std::string address = "unix:path=" + socket;
    if (sd_bus_new(&client->bus_) < 0 || sd_bus_set_address(client->bus_, address.c_str()) < 0 ||
        sd_bus_set_method_call_timeout(client->bus_, kPatienceUs) < 0 ||
        sd_bus_start(client->bus_) < 0)
      return nullptr;
    if (client->call(kRoot, "org.freedesktop.DBus.Peer", "Ping", "") == nullptr) return nullptr;
    return client;
  }
  ~BusClient() { sd_bus_close_unref(bus_); }
  BusClient(const BusClient&) = delete;
  BusClient& operator=(const BusClient&) = delete;

  // Name and message of what the last call was refused with, or "".
  const std::string& error_name() const { return error_name_; }
  const std::string& error() const { return error_; }

  std::vector<Listed> list() {
    std::vector<Listed> sessions;
    Message reply = call(kRoot, kManager, "ListSessions", "");
    if (!reply) return sessions;
    sd_bus_message_enter_container(reply.get(), 'a', "(soss)");
    const char *name, *path, *state, *description;
    while (sd_bus_message_read(reply.get(), "(soss)", &name, &path, &state, &description) > 0)
      sessions.push_back({name, path, state, description});
    return sessions;
  }
  std::string state_of(const std::string& name) {
    for (const Listed& session : list())
      if (session.name == name) return session.state;
    return "";
  }

  bool start(const std::string& name) {
    return call(kRoot, kManager, "StartSession", "s", name.c_str()) != nullptr;
  }
  bool restart(const std::string& name) {
    return call(kRoot, kManager, "RestartSession", "s", name.c_str()) != nullptr;
  }
  bool stop(const std::string& name) {
    return call(kRoot, kManager, "StopSession", "s", name.c_str()) != nullptr;
  }
  std::vector<std::string> stop_all() { return lines_of(call(kRoot, kManager, "StopAll", "")); }
  std::vector<std::string> reload() { return lines_of(call(kRoot, kManager, "Reload", "")); }

  // Paths of the objects below the manager's.
  std::vector<std::string> managed_objects() {
    std::vector<std::string> paths;
    Message reply = call(kRoot, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "");
    if (!reply) return paths;
    sd_bus_message_enter_container(reply.get(), 'a', "{oa{sa{sv}}}");
    while (sd_bus_message_enter_container(reply.get(), 'e', "oa{sa{sv}}") > 0) {
      const char* path = nullptr;
      sd_bus_message_read(reply.get(), "o", &path);
      sd_bus_message_skip(reply.get(), "a{sa{sv}}");
      sd_bus_message_exit_container(reply.get());
      paths.push_back(path);
    }
    return paths;
  }

  std::string text_property(const std::string& session, const char* property) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    char* text = nullptr;
    sd_bus_get_property_string(bus_, nullptr, path_of(session).c_str(), kSession, property, &error,
                               &text);
    sd_bus_error_free(&error);
    std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    return text ? text : "";
  }

  std::map<std::string, uint64_t> statistics(const std::string& session) {
    std::map<std::string, uint64_t> numbers;
    Message reply = call(path_of(session), kSession, "GetStatistics", "");
    if (!reply) return numbers;
    sd_bus_message_enter_container(reply.get(), 'a', "{sv}");
    while (sd_bus_message_enter_container(reply.get(), 'e', "sv") > 0) {
      const char* name = nullptr;
      const char* type = nullptr;
      sd_bus_message_read(reply.get(), "s", &name);
      sd_bus_message_peek_type(reply.get(), nullptr, &type);
      uint64_t value = 0;
      if (std::strcmp(type, "t") == 0)
        sd_bus_message_read(reply.get(), "v", "t", &value), numbers[name] = value;
      else
        sd_bus_message_skip(reply.get(), "v");
      sd_bus_message_exit_container(reply.get());
    }
    return numbers;
  }

  std::unique_ptr<MappedRecording> open(const std::string& session) {
    Message reply = call(path_of(session), kSession, "OpenRecording", "");
    return reply ? read_recording(reply) : nullptr;
  }
  // What it recorded before it was restarted, the oldest first.
  std::vector<std::unique_ptr<MappedRecording>> open_earlier(const std::string& session) {
    std::vector<std::unique_ptr<MappedRecording>> all;
    Message reply = call(path_of(session), kSession, "OpenEarlier", "");
    if (!reply) return all;
    sd_bus_message_enter_container(reply.get(), 'a', "(hhha{sv})");
    while (sd_bus_message_enter_container(reply.get(), 'r', "hhha{sv}") > 0) {
      all.push_back(read_recording(reply));
      sd_bus_message_exit_container(reply.get());
    }
    return all;
  }

  // A copy of segments from `first` on, without what is before the numbers `after`; `end` is the
  // first segment that is not in it.
  struct Copy {
    std::unique_ptr<MappedRecording> recording;
    std::map<std::string, uint64_t> shape;
  };
  Copy take_snapshot(const std::string& session, uint32_t earlier, uint32_t first,
                     const std::vector<uint64_t>& after = {}) {
    sd_bus_message* request = nullptr;
    sd_bus_message_new_method_call(bus_, &request, nullptr, path_of(session).c_str(), kSession,
                                   "TakeSnapshot");
    Message owner(request, sd_bus_message_unref);
    sd_bus_message_append(request, "uu", earlier, first);
    sd_bus_message_append_array(request, 't', after.data(), after.size() * sizeof(uint64_t));
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* reply = nullptr;
    int r = sd_bus_call(bus_, request, 0, &error, &reply);
    Copy copy;
    if (keep_error(r, error)) copy.recording = read_copy({reply, sd_bus_message_unref}, copy.shape);
    return copy;
  }

  std::string globals(const std::string& session) {
    Message reply = call(path_of(session), kSession, "DumpGlobals", "");
    int fd = -1;
    if (!reply || sd_bus_message_read(reply.get(), "h", &fd) < 0) return "";
    return read_all(fd);
  }

 private:
  // On a loaded host the kernel may take seconds to arm and disarm probes.
  static constexpr uint64_t kPatienceUs = 60'000'000;
  static constexpr char kRoot[] = "/org/stapd/Stapd1";
  static constexpr char kManager[] = "org.stapd.Stapd1.Manager";
  static constexpr char kSession[] = "org.stapd.Stapd1.Session";
  using Message = std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)>;

  BusClient() = default;

  static std::string path_of(const std::string& session) {
    char* path = nullptr;
    sd_bus_path_encode("/org/stapd/Stapd1/session", session.c_str(), &path);
    std::unique_ptr<char, void (*)(void*)> owner(path, std::free);
    return path;
  }

  template <class... Arguments>
  Message call(const std::string& path, const char* interface, const char* member,
               const char* types, Arguments... arguments) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* reply = nullptr;
    int r = sd_bus_call_method(bus_, nullptr, path.c_str(), interface, member, &error, &reply,
                               types, arguments...);
    keep_error(r, error);
    return {reply, sd_bus_message_unref};
  }

  // Whether there was none.
  bool keep_error(int r, sd_bus_error& error) {
    error_name_ = r < 0 && error.name ? error.name : "";
    error_ = r < 0 ? (error.message ? error.message : std::strerror(-r)) : "";
    sd_bus_error_free(&error);
    return r >= 0;
  }

  std::unique_ptr<MappedRecording> read_recording(const Message& reply) {
    int schema = -1, ring = -1, state = -1;
    sd_bus_message_read(reply.get(), "hhh", &schema, &ring, &state);
    return map_recording(schema, ring, read_shape(reply));
  }

  std::unique_ptr<MappedRecording> read_copy(const Message& reply,
                                             std::map<std::string, uint64_t>& shape) {
    int schema = -1, ring = -1;
    sd_bus_message_read(reply.get(), "hh", &schema, &ring);
    shape = read_shape(reply);
    return map_recording(schema, ring, shape);
  }

  // The numbers of an a{sv}.
  static std::map<std::string, uint64_t> read_shape(const Message& reply) {
    std::map<std::string, uint64_t> shape;
    sd_bus_message_enter_container(reply.get(), 'a', "{sv}");
    const char* name = nullptr;
    while (sd_bus_message_enter_container(reply.get(), 'e', "sv") > 0) {
      const char* type = nullptr;
      sd_bus_message_read(reply.get(), "s", &name);
      sd_bus_message_peek_type(reply.get(), nullptr, &type);
      if (*type == 't') {
        sd_bus_message_read(reply.get(), "v", type, &shape[name]);
      } else if (*type == 'u' || *type == 'b') {
        uint32_t value = 0;
        sd_bus_message_read(reply.get(), "v", type, &value);
        shape[name] = value;
      } else {
        sd_bus_message_skip(reply.get(), "v");
      }
      sd_bus_message_exit_container(reply.get());
    }
    sd_bus_message_exit_container(reply.get());
    return shape;
  }

  std::unique_ptr<MappedRecording> map_recording(int schema, int ring,
                                                 std::map<std::string, uint64_t> shape) {
    Result<RecordingInfo> decoded = decode_schema_untrusted(read_all(schema));
    if (!decoded) {
      error_ = decoded.error().message;
      return nullptr;
    }
    return std::make_unique<MappedRecording>(
        UniqueFd(fcntl(ring, F_DUPFD_CLOEXEC, 3)), std::move(*decoded),
        static_cast<uint32_t>(shape["SegmentBytes"]), static_cast<uint32_t>(shape["Segments"]));
  }

  static std::vector<std::string> lines_of(const Message& reply) {
    std::vector<std::string> lines;
    if (!reply) return lines;
    sd_bus_message_enter_container(reply.get(), 'a', "s");
    const char* line = nullptr;
    while (sd_bus_message_read(reply.get(), "s", &line) > 0) lines.push_back(line);
    return lines;
  }

  static std::string read_all(int fd) {
    struct stat status = {};
    fstat(fd, &status);
    std::string bytes(static_cast<size_t>(status.st_size), '\0');
    if (pread(fd, bytes.data(), bytes.size(), 0) < 0) bytes.clear();
    return bytes;
  }

  sd_bus* bus_ = nullptr;
  std::string error_name_, error_;
};

}  // namespace stapd::test
