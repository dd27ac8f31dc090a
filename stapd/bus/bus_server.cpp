#include "stapd/bus/bus_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/base/clock.h"
#include "stapd/bus/manager_object.h"
#include "stapd/bus/session_object.h"

namespace stapd::bus {
namespace {

// Others than root share what is left of them.
constexpr size_t kMaxClients = 256;
constexpr size_t kMaxClientsOfAUser = 32;

// A bus that hangs must not keep us: it is asked who sent a call.
constexpr uint64_t kBusTimeoutUs = 2'000'000;
constexpr uint64_t kRefusalsNs = 10'000'000'000;
constexpr uint64_t kFirstRetryNs = 100'000'000;
constexpr uint64_t kLastRetryNs = 10'000'000'000;

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
  int bound = bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  // Everybody may connect: who may not ask for something is told so.
  if (bound == 0) bound = chmod(path.c_str(), 0666);
  if (bound < 0 || listen(fd.get(), SOMAXCONN) < 0) return fail_errno(path, errno);
  return fd;
}

uid_t user_of(int client) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  bool known = getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return known ? peer.uid : static_cast<uid_t>(-1);
}

std::pair<dev_t, ino_t> file_at(const std::string& path) {
  struct stat file = {};
  stat(path.c_str(), &file);
  return {file.st_dev, file.st_ino};
}

const char* name_of(BusKind kind) { return kind == BusKind::system ? "system" : "session"; }

}  // namespace

BusServer::Connection::~Connection() { sd_bus_close_unref(bus); }

BusServer::BusServer(EventLoop& loop, Manager& manager, Log& log)
    : loop_(loop), manager_(manager), log_(log) {
  manager_.add_observer(*this);
}

BusServer::~BusServer() {
  manager_.remove_observer(*this);
  if (socket_.valid() && file_at(socket_path_) == socket_file_) unlink(socket_path_.c_str());
}

Status BusServer::add_objects(Connection& connection) {
  sd_bus* bus = connection.bus;
  int r = sd_bus_add_filter(bus, nullptr, on_call, &connection);
  if (r >= 0) r = add_manager_object(bus, manager_);
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
  accepting_.reset();
  STAPD_ASSIGN(socket_, listen_on(path));
  socket_path_ = path;
  socket_file_ = file_at(path);
  STAPD_ASSIGN(accepting_, loop_.on_readable(socket_.get(), [this] { accept_client(); }));
  return {};
}

void BusServer::accept_client() {
  UniqueFd client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client.valid()) return;
  uid_t user = user_of(client.get());
  if (!has_room_for(user)) return;
  connections_.emplace_back();
  Connection& connection = connections_.back();
  connection.server = this;
  connection.user = user;
  connection.right = right_of_peer(client.get());
  start_client(connection, std::move(client));
}

bool BusServer::has_room_for(uid_t user) const {
  auto is_of_user = [&](const Connection& c) { return !c.is_bus && c.user == user; };
  auto of_user = std::count_if(connections_.begin(), connections_.end(), is_of_user);
  if (user != 0 && static_cast<size_t>(of_user) >= kMaxClientsOfAUser) return false;
  // The last quarter is root's.
  return connections_.size() < (user == 0 ? kMaxClients : kMaxClients * 3 / 4);
}

void BusServer::start_client(Connection& connection, UniqueFd client) {
  sd_id128_t id;
  int fd = client.get();
  int r = sd_id128_randomize(&id);
  if (r >= 0) r = sd_bus_new(&connection.bus);
  if (r >= 0) r = sd_bus_set_fd(connection.bus, fd, fd);
  if (r >= 0) client.release();
  if (r >= 0) r = sd_bus_set_server(connection.bus, 1, id);
  if (r >= 0) r = sd_bus_start(connection.bus);
  Status added = r < 0 ? Status(fail_errno("a client's connection", -r)) : add_objects(connection);
  if (!added) connections_.pop_back();  // it talks nonsense, or is gone already
}

// Before any method of ours or of sd-bus.
int BusServer::on_call(sd_bus_message* call, void* userdata, sd_bus_error*) {
  uint8_t type = 0;
  if (sd_bus_message_get_type(call, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL) return 0;
  const char* member = sd_bus_message_get_member(call);
  Right needed = needed_right(member);
  Caller caller = caller_of(call);
  const Connection& connection = *static_cast<Connection*>(userdata);
  Right right = connection.is_bus ? right_of_user(caller.user) : connection.right;
  if (right >= needed) return 0;
  connection.server->note_refusal(member, caller);
  std::string why =
      fmt::format("{} is for {}, not for user {}", member, holders_of(needed), caller.user);
  sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "%s", why.c_str());
  return 1;
}

// Nobody fills the journal by asking.
void BusServer::note_refusal(const char* member, const Caller& caller) {
  uint64_t now = read_clocks().mono;
  std::erase_if(refused_, [&](const auto& said) { return now - said.second > kRefusalsNs; });
  if (!refused_.emplace(caller.user, now).second) return;
  log_.write({LOG_NOTICE,
              fmt::format("{} refused, asked for by ", member),
              {},
              message_id::kRefused,
              &caller});
}

int BusServer::on_disconnect(sd_bus_message*, void* userdata, sd_bus_error*) {
  auto& connection = *static_cast<Connection*>(userdata);
  BusServer& server = *connection.server;
  if (connection.is_bus) server.try_bus_later("the connection was closed");
  // Not here: sd-bus is still looking at it.
  if (auto soon = server.loop_.soon([&server] { server.drop_closed(); }))
    server.dropping_ = std::move(*soon);
  return 0;
}

void BusServer::drop_closed() {
  connections_.remove_if([](const Connection& c) { return sd_bus_is_open(c.bus) <= 0; });
}

// ---- a bus ------------------------------------------------------------------------------------

void BusServer::serve_bus(BusKind kind) {
  bus_kind_ = kind;
  if (kind != BusKind::none) connect_bus();
}

void BusServer::connect_bus() {
  connections_.emplace_back();
  Connection& connection = connections_.back();
  connection.server = this;
  connection.is_bus = true;
  Status joined = join_bus(connection);
  if (joined) return;
  connections_.pop_back();
  try_bus_later(joined.error().message);
}

// The name comes later: at boot the bus may be started by our asking for it, and sessions do not
// wait for that.
Status BusServer::join_bus(Connection& connection) {
  int r = bus_kind_ == BusKind::system ? sd_bus_open_system(&connection.bus)
                                       : sd_bus_open_user(&connection.bus);
  if (r < 0) return fail(ErrorCode::io, std::strerror(-r));
  r = sd_bus_request_name_async(connection.bus, nullptr, kName, 0, on_name, &connection);
  if (r >= 0) r = sd_bus_set_method_call_timeout(connection.bus, kBusTimeoutUs);
  if (r < 0) return fail(ErrorCode::io, std::strerror(-r));
  return add_objects(connection);
}

int BusServer::on_name(sd_bus_message* reply, void* userdata, sd_bus_error*) {
  // Of the answers of RequestName; else somebody else has it.
  constexpr uint32_t kPrimaryOwner = 1;
  auto& connection = *static_cast<Connection*>(userdata);
  BusServer& server = *connection.server;
  uint32_t answer = 0;
  bool failed = sd_bus_message_is_method_error(reply, nullptr) > 0;
  if (!failed) sd_bus_message_read_basic(reply, 'u', &answer);
  if (answer != kPrimaryOwner) {
    const sd_bus_error* error = failed ? sd_bus_message_get_error(reply) : nullptr;
    server.try_bus_later(
        fmt::format("the name {} is not to be had: {}", kName,
                    error && error->message ? error->message : "somebody else has it"));
    sd_bus_close(connection.bus);
    return 0;
  }
  if (server.bus_is_missed_)
    server.log_.write({LOG_INFO,
                       fmt::format("connected to the {} bus", name_of(server.bus_kind_)),
                       {},
                       message_id::kBus});
  server.bus_is_missed_ = false;
  server.retry_after_ns_ = 0;
  return 0;
}

void BusServer::try_bus_later(const std::string& why) {
  if (!bus_is_missed_)
    log_.write({LOG_WARNING,
                fmt::format("there is no {} bus ({}); sessions go on, the private socket answers, "
                            "and it is tried again",
                            name_of(bus_kind_), why),
                {},
                message_id::kBus});
  bus_is_missed_ = true;
  retry_after_ns_ = std::clamp(retry_after_ns_ * 2, kFirstRetryNs, kLastRetryNs);
  auto retry = loop_.at(read_clocks().mono + retry_after_ns_, [this] { connect_bus(); });
  if (retry)
    retrying_ = std::move(*retry);
  else
    log_.write({LOG_ERR, retry.error().message});
}

// ---- telling ----------------------------------------------------------------------------------

void BusServer::for_each_listener(const std::function<void(sd_bus*)>& tell) {
  for (Connection& connection : connections_)
    if (connection.is_bus || connection.right >= Right::read) tell(connection.bus);
}

void BusServer::on_added(const Session& session) {
  for_each_listener([path = path_of(session)](sd_bus* bus) {
    sd_bus_emit_interfaces_added(bus, path.c_str(), kSessionInterface, nullptr);
  });
}

void BusServer::on_removed(const Session& session) {
  for_each_listener([path = path_of(session)](sd_bus* bus) {
    sd_bus_emit_interfaces_removed(bus, path.c_str(), kSessionInterface, nullptr);
  });
}

void BusServer::on_state(const Session& session) {
  for_each_listener([path = path_of(session)](sd_bus* bus) {
    sd_bus_emit_properties_changed(bus, path.c_str(), kSessionInterface, "State", "Failure",
                                   nullptr);
  });
}

}  // namespace stapd::bus
