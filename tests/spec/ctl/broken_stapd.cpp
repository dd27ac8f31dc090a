// A stapd whose answers are wrong in one way, for the tests of its clients: broken_stapd ROOT HOW.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string how;

int memory_file(size_t size) {
  int fd = memfd_create("answer", MFD_CLOEXEC);
  std::string bytes(size, '\x5a');
  if (fd < 0 || write(fd, bytes.data(), size) != static_cast<ssize_t>(size)) std::abort();
  return fd;
}

// What OpenRecording hands out in place of the image, the ring and the state.
int any_file() {
  int fds[2];
  if (how == "pipes" && pipe2(fds, O_CLOEXEC) == 0) return fds[0];
  if (how == "folders") return open("/", O_RDONLY | O_CLOEXEC);
  if (how == "devices") return open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (how == "empty-files") return memory_file(0);
  return memory_file(5000);
}

int get_session(sd_bus_message* call, void*, sd_bus_error*) {
  if (how == "other-type") return sd_bus_reply_method_return(call, "u", 7);
  if (how == "nothing") return sd_bus_reply_method_return(call, "");
  if (how == "hang-up") std::exit(0);
  return sd_bus_reply_method_return(call, "o", "/org/stapd/Stapd1/session/x");
}

int open_recording(sd_bus_message* call, void*, sd_bus_error*) {
  if (how == "no-files") return sd_bus_reply_method_return(call, "s", "here you are");
  uint64_t segment = how == "huge-sizes" ? UINT64_MAX : 1 << 20;
  return sd_bus_reply_method_return(
      call, "hhha{sv}", any_file(), any_file(), any_file(), 3, "SegmentBytes", "t", segment,
      "Segments", "u", how == "huge-sizes" ? UINT32_MAX : 3u, "StateBytes", "t", segment);
}

int list_sessions(sd_bus_message* call, void*, sd_bus_error*) {
  return sd_bus_reply_method_return(call, "a(ss)", 1, "half", "an answer");
}

const sd_bus_vtable kManager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("ListSessions", "", nullptr, list_sessions, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("GetSession", "s", nullptr, get_session, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};
const sd_bus_vtable kSession[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("OpenRecording", "", nullptr, open_recording, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};

int listen_on(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || listen(fd, 1) < 0) {
    std::perror(path.c_str());
    std::exit(1);
  }
  return fd;
}

void serve(int client) {
  if (how == "noise") {
    std::string noise(100'000, '\x7f');
    (void)!send(client, noise.data(), noise.size(), MSG_NOSIGNAL);
    return;
  }
  sd_bus* bus = nullptr;
  sd_id128_t id;
  sd_id128_randomize(&id);
  sd_bus_new(&bus);
  sd_bus_set_fd(bus, client, client);
  sd_bus_set_server(bus, 1, id);
  sd_bus_negotiate_fds(bus, 1);
  sd_bus_add_object_vtable(bus, nullptr, "/org/stapd/Stapd1", "org.stapd.Stapd1.Manager", kManager,
                           nullptr);
  sd_bus_add_object_vtable(bus, nullptr, "/org/stapd/Stapd1/session/x", "org.stapd.Stapd1.Session",
                           kSession, nullptr);
  sd_bus_start(bus);
  int done;
  while ((done = sd_bus_process(bus, nullptr)) >= 0)
    if (done == 0 && sd_bus_wait(bus, UINT64_MAX) < 0) break;
  sd_bus_close_unref(bus);
}

}  // namespace

// Serves one client, then ends.
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::string folder = std::string(argv[1]) + "/run/stapd";
  how = argv[2];
  int listening = listen_on(folder + "/private");
  std::puts("listening");
  std::fflush(stdout);
  serve(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  return 0;
}
