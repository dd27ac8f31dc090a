#include "stapd/bus/bus_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "stapd/bus/manager_object.h"
#include "stapd/bus/session_object.h"

namespace stapd::bus {
namespace {

constexpr size_t kMaxClients = 256;

Result<UniqueFd> listen_on(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return failf(ErrorCode::invalid_argument,
                 "{}: longer than the {} bytes that a socket's path can have; use a shorter --root",
                 path, sizeof address.sun_path - 1);
  path.copy(address.sun_path, path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail_errno("socket", errno);
  unlink(path.c_str());  // of a stapd that died; we have the lock
  mode_t mask = umask(0177);
  int bound = bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  umask(mask);
  if (bound < 0 || listen(fd.get(), SOMAXCONN) < 0) return fail_errno(path, errno);
  return fd;
}

bool may_ask(int client) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || peer.uid == geteuid());
}

}  // namespace

BusServer::Connection::~Connection() { sd_bus_close_unref(bus); }

BusServer::BusServer(EventLoop& loop, Manager& manager, Log& log)
    : loop_(loop), manager_(manager), log_(log) {
  manager_.add_observer(*this);
}

BusServer::~BusServer() {
  manager_.remove_observer(*this);
  if (socket_.valid()) unlink(socket_path_.c_str());
}

Status BusServer::add_objects(Connection& connection) {
  sd_bus* bus = connection.bus;
  int r = add_manager_object(bus, manager_);
  if (r >= 0) r = add_session_objects(bus, manager_);
  if (r >= 0) r = sd_bus_add_object_manager(bus, nullptr, kRoot);
  if (r >= 0)
    r = sd_bus_match_signal_async(bus, nullptr, "org.freedesktop.DBus.Local",
                                  "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                  "Disconnected", on_disconnect, nullptr, &connection);
  if (r >= 0) r = sd_bus_attach_event(bus, loop_.handle(), SD_EVENT_PRIORITY_NORMAL);
  if (r < 0) return fail_errno("serving a bus connection", -r);
  return {};
}

// ---- the private socket -----------------------------------------------------------------------

Status BusServer::serve_socket(const std::string& path) {
  STAPD_ASSIGN(socket_, listen_on(path));
  socket_path_ = path;
  STAPD_ASSIGN(accepting_, loop_.on_readable(socket_.get(), [this] { accept_client(); }));
  return {};
}

void BusServer::accept_client() {
  UniqueFd client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client.valid() || !may_ask(client.get()) || connections_.size() >= kMaxClients) return;
  connections_.emplace_back();
  Connection& connection = connections_.back();
  connection.server = this;
  sd_id128_t id;
  int fd = client.get();
  int r = sd_id128_randomize(&id);
  if (r >= 0) r = sd_bus_new(&connection.bus);
  if (r >= 0) r = sd_bus_set_fd(connection.bus, fd, fd);
  if (r >= 0) client.release();
  if (r >= 0) r = sd_bus_set_server(connection.bus, 1, id);
  if (r >= 0) r = sd_bus_negotiate_creds(connection.bus, 1, SD_BUS_CREDS_UID | SD_BUS_CREDS_PID);
  if (r >= 0) r = sd_bus_start(connection.bus);
  Status added = r < 0 ? Status(fail_errno("a client's connection", -r)) : add_objects(connection);
  if (!added) connections_.pop_back();  // it talks nonsense, or is gone already
}

int BusServer::on_disconnect(sd_bus_message*, void* userdata, sd_bus_error*) {
  auto& connection = *static_cast<Connection*>(userdata);
  BusServer& server = *connection.server;
  if (connection.is_bus)
    server.log_.write(
        {LOG_WARNING, "the bus is gone; sessions go on, and the private socket still answers"});
  // Not here: sd-bus is still looking at it.
  if (auto soon = server.loop_.soon([&server] { server.drop_closed(); }))
    server.dropping_ = std::move(*soon);
  return 0;
}

void BusServer::drop_closed() {
  connections_.remove_if([](const Connection& c) { return sd_bus_is_open(c.bus) <= 0; });
}

// ---- a bus ------------------------------------------------------------------------------------

Status BusServer::serve_bus(BusKind kind) {
  if (kind == BusKind::none) return {};
  const char* which = kind == BusKind::system ? "system" : "session";
  connections_.emplace_back();
  Connection& connection = connections_.back();
  connection.server = this;
  connection.is_bus = true;
  int r = kind == BusKind::system ? sd_bus_open_system(&connection.bus)
                                  : sd_bus_open_user(&connection.bus);
  if (r < 0) {
    connections_.pop_back();
    log_.write({LOG_WARNING, fmt::format("there is no {} bus ({}); the private socket answers",
                                         which, std::strerror(-r))});
    return {};
  }
  STAPD_TRY(add_objects(connection));
  r = sd_bus_request_name(connection.bus, kName, 0);
  if (r < 0) return fail_errno(fmt::format("taking the name {} on the {} bus", kName, which), -r);
  return {};
}

// ---- telling ----------------------------------------------------------------------------------

void BusServer::on_added(const Session& session) {
  for (Connection& connection : connections_)
    sd_bus_emit_interfaces_added(connection.bus, path_of(session).c_str(), kSessionInterface,
                                 nullptr);
}

void BusServer::on_removed(const Session& session) {
  for (Connection& connection : connections_)
    sd_bus_emit_interfaces_removed(connection.bus, path_of(session).c_str(), kSessionInterface,
                                   nullptr);
}

void BusServer::on_state(const Session& session) {
  for (Connection& connection : connections_)
    sd_bus_emit_properties_changed(connection.bus, path_of(session).c_str(), kSessionInterface,
                                   "State", "Failure", nullptr);
}

}  // namespace stapd::bus
