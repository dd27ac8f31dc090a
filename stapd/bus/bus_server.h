// Where clients find us: the private socket, and a bus when there is one.
#pragma once

#include <functional>
#include <list>
#include <map>
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

  // Who may ask for what is decided call by call: rights.h. Again: on a new socket; clients stay.
  Status serve_socket(const std::string& path);
  // A bus that is not there, or goes away, is a line in the log, and is tried again.
  void serve_bus(BusKind kind);

  void on_added(const Session& session) override;
  void on_removed(const Session& session) override;
  void on_state(const Session& session) override;

 private:
  struct Connection {
    BusServer* server = nullptr;
    sd_bus* bus = nullptr;
    bool is_bus = false;        // a bus, not a client of our own
    uid_t user = 0;             // of a client
    Right right = Right::none;  // of a client
    ~Connection();
  };

  void accept_client();
  bool has_room_for(uid_t user) const;
  void start_client(Connection& connection, UniqueFd client);
  Status add_objects(Connection& connection);
  static int on_call(sd_bus_message* message, void* connection, sd_bus_error* error);
  static int on_disconnect(sd_bus_message* message, void* connection, sd_bus_error* error);
  void drop_closed();

  void connect_bus();
  Status join_bus(Connection& connection);
  static int on_name(sd_bus_message* message, void* connection, sd_bus_error* error);
  void try_bus_later(const std::string& why);
  void note_refusal(const char* member, const Caller& caller);
  // Signals are for those who could ask.
  void for_each_listener(const std::function<void(sd_bus*)>& tell);

  EventLoop& loop_;
  Manager& manager_;
  Log& log_;
  std::string socket_path_;
  std::pair<dev_t, ino_t> socket_file_;  // another stapd may have one of the same name later
  UniqueFd socket_;
  EventSource accepting_, dropping_, retrying_;
  BusKind bus_kind_ = BusKind::none;
  bool bus_is_missed_ = false;  // which was said
  uint64_t retry_after_ns_ = 0;
  std::map<uid_t, uint64_t> refused_;  // when that was said last, CLOCK_MONOTONIC
  std::list<Connection> connections_;
};

}  // namespace stapd::bus
