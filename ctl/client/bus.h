// The wire to stapd: its private socket, or the system bus. sd-bus ends here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

struct sd_bus;
struct sd_bus_message;

namespace stapd::ctl {

constexpr const char* kManagerPath = "/org/stapd/Stapd1";
constexpr const char* kManagerInterface = "org.stapd.Stapd1.Manager";
constexpr const char* kSessionInterface = "org.stapd.Stapd1.Session";

class BusMessage {
 public:
  explicit BusMessage(sd_bus_message* message = nullptr) : message_(message) {}
  BusMessage(BusMessage&& other) noexcept;
  BusMessage& operator=(BusMessage&& other) noexcept;
  ~BusMessage();

  sd_bus_message* get() const { return message_; }

 private:
  sd_bus_message* message_;
};

// Where a method is called.
struct Target {
  std::string path;
  const char* interface;
};

// Whether the bus starts stapd for a call that nobody would answer: who asks how things are does
// not start what somebody stopped.
enum class AutoStart : bool { no, yes };

class Bus {
 public:
  // With a root only the private socket below it; without, the host's, else the system bus.
  static Result<std::unique_ptr<Bus>> connect(const std::optional<std::string>& root,
                                              uint64_t timeout_us);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // Methods that take nothing or one string. The error of a method is the daemon's own message.
  Result<BusMessage> call(const Target& target, const char* method) const;
  Result<BusMessage> call(const Target& target, const char* method, const std::string& argument,
                          AutoStart auto_start = AutoStart::no) const;
  // Others: what the caller appends to the request.
  Result<BusMessage> prepare(const Target& target, const char* method,
                             AutoStart auto_start = AutoStart::no) const;
  Result<BusMessage> send(BusMessage request) const;

  // Readable when the other end is gone, or says something unasked.
  int fd() const;
  // Takes what came unasked; false when the other end is gone.
  bool is_alive() const;

 private:
  explicit Bus(uint64_t timeout_us) : timeout_us_(timeout_us) {}
  Status open_socket(const std::string& path);
  Status open_system();

  uint64_t timeout_us_;
  sd_bus* bus_ = nullptr;
  const char* destination_ = nullptr;  // of calls; none on a private socket
};

// The next descriptor of a reply; those of a message are closed with it.
Result<UniqueFd> read_fd(const BusMessage& reply, const char* method);

// A reply that does not have the type of the contract.
tl::unexpected<Error> strange_reply(const char* method);

}  // namespace stapd::ctl
