// Where clients find us: the private socket, and a bus when there is one.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "stapd/bus/bus_names.h"
#include "stapd/session/manager.h"

namespace stapd::bus {

enum class BusKind { none, system, session };

class BusServer : public Manager::Observer {
 public:
  BusServer(EventLoop& loop, Manager& manager, Log& log);
  ~BusServer() override;
  BusServer(const BusServer&) = delete;
  BusServer& operator=(const BusServer&) = delete;

  // Only root (or whoever stapd runs as) is answered.
  Status serve_socket(const std::string& path);
  // A bus that is not there is a line in the log; a name that somebody else has is an error.
  Status serve_bus(BusKind kind);

  void on_added(const Session& session) override;
  void on_removed(const Session& session) override;
  void on_state(const Session& session) override;

 private:
  struct Connection {
    BusServer* server = nullptr;
    sd_bus* bus = nullptr;
    bool is_bus = false;  // a bus, not a client of our own
    ~Connection();
  };

  void accept_client();
  Status add_objects(Connection& connection);
  static int on_disconnect(sd_bus_message* message, void* connection, sd_bus_error* error);
  void drop_closed();

  EventLoop& loop_;
  Manager& manager_;
  Log& log_;
  std::string socket_path_;
  UniqueFd socket_;
  EventSource accepting_, dropping_;
  std::list<Connection> connections_;
};

}  // namespace stapd::bus
