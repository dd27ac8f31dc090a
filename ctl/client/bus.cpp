#include "ctl/client/bus.h"

#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace stapd::ctl {
namespace {

constexpr const char* kBusName = "org.stapd.Stapd1";
constexpr const char* kErrorPrefix = "org.stapd.Stapd1.Error.";

// A stapd that runs greets at once.
constexpr uint64_t kGreetingUs = 10'000'000;

std::string socket_path(const std::string& root) { return root + "/run/stapd/private"; }

// sd-bus addresses are lists with escapes of their own.
std::string address_of(const std::string& path) {
  std::string address = "unix:path=";
  for (unsigned char c : path) {
    if (std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '.')
      address += static_cast<char>(c);
    else
      address += fmt::format("%{:02x}", c);
  }
  return address;
}

ErrorCode code_of(const std::string& name) {
  if (name == std::string(kErrorPrefix) + "NoSuchSession") return ErrorCode::not_found;
  if (name == std::string(kErrorPrefix) + "NotRecording") return ErrorCode::not_found;
  if (name == SD_BUS_ERROR_UNKNOWN_OBJECT) return ErrorCode::not_found;
  if (name == SD_BUS_ERROR_ACCESS_DENIED) return ErrorCode::permission_denied;
  if (name == SD_BUS_ERROR_INVALID_ARGS) return ErrorCode::invalid_argument;
  return ErrorCode::io;
}

tl::unexpected<Error> unreachable(int errnum) {
  if (errnum == ENOENT || errnum == ECONNREFUSED || errnum == ENOTCONN || errnum == ECONNRESET)
    return fail(ErrorCode::busy, "no stapd answers");
  if (errnum == ETIMEDOUT) return fail(ErrorCode::io, "stapd does not answer in time");
  return fail_errno("reaching stapd", errnum);
}

}  // namespace

BusMessage::BusMessage(BusMessage&& other) noexcept
    : message_(std::exchange(other.message_, nullptr)) {}
BusMessage& BusMessage::operator=(BusMessage&& other) noexcept {
  std::swap(message_, other.message_);
  return *this;
}
BusMessage::~BusMessage() { sd_bus_message_unref(message_); }

Bus::~Bus() { sd_bus_close_unref(bus_); }

Result<std::unique_ptr<Bus>> Bus::connect(const std::optional<std::string>& root,
                                          uint64_t timeout_us) {
  std::unique_ptr<Bus> bus(new Bus(timeout_us));
  Status opened = bus->open_socket(socket_path(root.value_or("")));
  if (opened) return bus;
  if (root == "/") return tl::unexpected(opened.error());
  if (root) return in_context(*root, opened.error());
  bus.reset(new Bus(timeout_us));
  // Without a system bus the first error says more.
  if (!bus->open_system()) return tl::unexpected(opened.error());
  return bus;
}

Status Bus::open_socket(const std::string& path) {
  uint64_t greeting_us = std::min(timeout_us_, kGreetingUs);
  // sd-bus waits for a connection that fails until the first call: ask before.
  if (::access(path.c_str(), F_OK) != 0) return unreachable(errno);
  int error = sd_bus_new(&bus_);
  if (error >= 0) error = sd_bus_set_address(bus_, address_of(path).c_str());
  if (error >= 0) error = sd_bus_negotiate_fds(bus_, true);
  if (error >= 0) error = sd_bus_set_method_call_timeout(bus_, timeout_us_);
  if (error >= 0) error = sd_bus_start(bus_);
  while (error >= 0 && sd_bus_is_ready(bus_) == 0) {
    error = sd_bus_process(bus_, nullptr);
    if (error == 0 && (error = sd_bus_wait(bus_, greeting_us)) == 0) error = -ETIMEDOUT;
  }
  return error < 0 ? Status(unreachable(-error)) : Status{};
}

Status Bus::open_system() {
  int error = sd_bus_open_system(&bus_);
  if (error >= 0) error = sd_bus_set_method_call_timeout(bus_, timeout_us_);
  destination_ = kBusName;
  return error < 0 ? Status(unreachable(-error)) : Status{};
}

Result<BusMessage> Bus::prepare(const Target& target, const char* method,
                                AutoStart auto_start) const {
  sd_bus_message* message = nullptr;
  int error = sd_bus_message_new_method_call(bus_, &message, destination_, target.path.c_str(),
                                             target.interface, method);
  if (error >= 0) error = sd_bus_message_set_auto_start(message, auto_start == AutoStart::yes);
  if (error < 0) return fail_errno(method, -error);
  return BusMessage(message);
}

Result<BusMessage> Bus::send(BusMessage request) const {
  sd_bus_error failure = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  int error = sd_bus_call(bus_, request.get(), 0, &failure, &reply);
  if (error >= 0) return BusMessage(reply);
  std::string name = failure.name ? failure.name : "",
              message = failure.message ? failure.message : "";
  sd_bus_error_free(&failure);
  bool nobody = name == SD_BUS_ERROR_SERVICE_UNKNOWN || name == SD_BUS_ERROR_NO_SERVER ||
                name == SD_BUS_ERROR_NAME_HAS_NO_OWNER || name == SD_BUS_ERROR_DISCONNECTED;
  if (nobody || message.empty()) return unreachable(nobody ? ENOTCONN : -error);
  if (name == SD_BUS_ERROR_NO_REPLY || name == SD_BUS_ERROR_TIMEOUT)
    return fail(ErrorCode::busy, "stapd does not answer in time");
  return fail(code_of(name), std::move(message));
}

Result<BusMessage> Bus::call(const Target& target, const char* method) const {
  STAPD_ASSIGN(BusMessage request, prepare(target, method));
  return send(std::move(request));
}

Result<BusMessage> Bus::call(const Target& target, const char* method, const std::string& argument,
                             AutoStart auto_start) const {
  STAPD_ASSIGN(BusMessage request, prepare(target, method, auto_start));
  if (int error = sd_bus_message_append(request.get(), "s", argument.c_str()); error < 0)
    return failf(ErrorCode::invalid_argument, "'{}' cannot be sent: {}", argument,
                 "not a text in UTF-8");
  return send(std::move(request));
}

int Bus::fd() const { return sd_bus_get_fd(bus_); }

bool Bus::is_alive() const {
  int error;
  while ((error = sd_bus_process(bus_, nullptr)) > 0) {
  }
  return error >= 0 && sd_bus_is_open(bus_) > 0;
}

Result<UniqueFd> read_fd(const BusMessage& reply, const char* method) {
  int fd = -1;
  if (sd_bus_message_read_basic(reply.get(), 'h', &fd) <= 0) return strange_reply(method);
  return duplicate_fd(fd);
}

tl::unexpected<Error> strange_reply(const char* method) {
  return failf(ErrorCode::corrupt, "stapd's answer to {} makes no sense: is it another version?",
               method);
}

}  // namespace stapd::ctl
