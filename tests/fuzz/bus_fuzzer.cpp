// Whatever a client says on the private socket: stapd goes on, and answers the next one.
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/check.h"
#include "stapd/bus/bus_names.h"
#include "stapd/bus/bus_server.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

struct Call {
  const char* path;
  const char* interface;
  const char* member;
  const char* signature;
};

constexpr char kNoSession[] = "/org/stapd/Stapd1/session/none";
constexpr Call kCalls[] = {
    {bus::kRoot, bus::kManagerInterface, "ListSessions", ""},
    {bus::kRoot, bus::kManagerInterface, "GetSession", "s"},
    {bus::kRoot, bus::kManagerInterface, "StartSession", "s"},
    {bus::kRoot, bus::kManagerInterface, "RestartSession", "s"},
    {bus::kRoot, bus::kManagerInterface, "StopSession", "s"},
    {bus::kRoot, bus::kManagerInterface, "StopAll", ""},
    {bus::kRoot, bus::kManagerInterface, "Reload", ""},
    {bus::kRoot, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", ""},
    {bus::kRoot, "org.freedesktop.DBus.Introspectable", "Introspect", ""},
    {bus::kRoot, "org.freedesktop.DBus.Properties", "GetAll", "s"},
    {kNoSession, bus::kSessionInterface, "GetStatistics", ""},
    {kNoSession, bus::kSessionInterface, "TakeSnapshot", "uat"},
    {kNoSession, "org.freedesktop.DBus.Properties", "Get", "ss"},
};

// A stapd without profiles, that never touches the kernel.
class Server {
 public:
  Server()
      : paths_(*Paths::of_root(root_.path())),
        loop_(*EventLoop::create()),
        manager_(*loop_, paths_, log_),
        server_(*loop_, manager_, log_) {
    // stapd says who asked for what, and here that is too much for a log of tests.
    if (!isatty(STDERR_FILENO) && !std::freopen("/dev/null", "w", stderr)) std::abort();
    std::filesystem::create_directories(paths_.run_folder);
    STAPD_CHECK(server_.serve_socket(paths_.private_socket));
  }

  // What it answers to these bytes.
  size_t say(std::string_view bytes) {
    int client = connect();
    (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    size_t answered = take(client);
    close(client);
    take(-1);
    return answered;
  }

 private:
  int connect() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    paths_.private_socket.copy(address.sun_path, sizeof address.sun_path - 1);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    STAPD_CHECK(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return client;
  }
  size_t take(int client) {
    size_t answered = 0;
    char buffer[4096];
    while (sd_event_run(loop_->handle(), 0) > 0)
      for (ssize_t n; client >= 0 && (n = recv(client, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
        answered += static_cast<size_t>(n);
    return answered;
  }

  test::TempFolder root_;
  Paths paths_;
  Log log_;
  std::unique_ptr<EventLoop> loop_;
  Manager manager_;
  bus::BusServer server_;
};

// The message's bytes as a client of sd-bus sends them.
std::string bytes_of(const Call& call) {
  int ends[2];
  STAPD_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  sd_bus* bus = nullptr;
  sd_bus_new(&bus);
  sd_bus_set_fd(bus, ends[0], ends[0]);
  sd_bus_start(bus);
  sd_bus_message* message = nullptr;
  sd_bus_message_new_method_call(bus, &message, nullptr, call.path, call.interface, call.member);
  const uint64_t numbers[] = {1, 2, 3};
  for (const char* type = call.signature; *type; ++type) {
    const uint32_t first = 1;
    if (*type == 's') sd_bus_message_append_basic(message, 's', bus::kSessionInterface);
    if (*type == 'u') sd_bus_message_append_basic(message, 'u', &first);
    if (*type == 't') sd_bus_message_append_array(message, 't', numbers, sizeof numbers);
  }
  uint64_t cookie = 0;
  sd_bus_send(bus, message, &cookie);
  const char kAccepted[] = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
  (void)!write(ends[1], kAccepted, sizeof kAccepted - 1);
  while (sd_bus_process(bus, nullptr) > 0) {
  }
  std::string bytes(8192, '\0');
  bytes.resize(
      static_cast<size_t>(std::max<ssize_t>(0, read(ends[1], bytes.data(), bytes.size()))));
  sd_bus_message_unref(message);
  sd_bus_close_unref(bus);
  close(ends[1]);
  return bytes;
}

}  // namespace

namespace test {

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (const Call& call : kCalls) seeds.push_back(bytes_of(call));
  return seeds;
}

}  // namespace test
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static stapd::Server server;
  static const std::string ping = stapd::bytes_of(stapd::kCalls[0]);
  server.say({reinterpret_cast<const char*>(data), size});
  STAPD_CHECK(server.say(ping) > 0);
  return 0;
}
