#include "stapd/bus/rights.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string_view>

namespace stapd::bus {
namespace {

struct Need {
  std::string_view member;
  Right right;
};

// A method that is not named here is root's.
constexpr Need kNeeds[] = {
    {"ListSessions", Right::read},
    {"GetSession", Right::read},
    {"GetStatistics", Right::read},
    {"TakeSnapshot", Right::read},
    {"DumpGlobals", Right::read},
    // Of the interfaces that sd-bus serves: properties, introspection, ObjectManager, Peer.
    {"Get", Right::read},
    {"GetAll", Right::read},
    {"GetManagedObjects", Right::read},
    {"Introspect", Right::read},
    {"Ping", Right::read},
    {"GetMachineId", Right::read},
    {"Start", Right::control},
    {"Restart", Right::control},
    {"Stop", Right::control},
    {"StartSession", Right::control},
    {"RestartSession", Right::control},
    {"StopSession", Right::control},
    {"StopAll", Right::manage},
    {"Reload", Right::manage},
};

struct Group {
  const char* name;
  Right right;
};

constexpr Group kGroups[] = {
    {"stapusr", Right::read}, {"stapsys", Right::control}, {"stapdev", Right::manage}};

// getgrnam() and its like want a buffer, of a size that they do not know either.
constexpr size_t kBufferSize = 64 << 10;
constexpr int kMaxGroups = 4096;

bool has_group(const char* name, const std::vector<gid_t>& groups) {
  group entry = {}, *found = nullptr;
  std::vector<char> buffer(kBufferSize);
  getgrnam_r(name, &entry, buffer.data(), buffer.size(), &found);
  return found && std::find(groups.begin(), groups.end(), found->gr_gid) != groups.end();
}

std::vector<gid_t> groups_of_user(uid_t user) {
  passwd entry = {}, *found = nullptr;
  std::vector<char> buffer(kBufferSize);
  getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  if (!found) return {};
  std::vector<gid_t> groups(kMaxGroups);
  int count = kMaxGroups;
  if (getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0) return {};
  groups.resize(static_cast<size_t>(count));
  return groups;
}

bool read_peer(int socket, ucred& peer) {
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
}

bool is_from_bus(sd_bus_message* call) {
  return sd_bus_is_bus_client(sd_bus_message_get_bus(call)) > 0;
}

void ask_bus(sd_bus_message* call, Caller& caller) {
  sd_bus_creds* creds = nullptr;
  if (sd_bus_query_sender_creds(call, SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID, &creds) < 0) return;
  std::unique_ptr<sd_bus_creds, sd_bus_creds* (*)(sd_bus_creds*)> owner(creds, sd_bus_creds_unref);
  sd_bus_creds_get_pid(creds, &caller.pid);
  sd_bus_creds_get_euid(creds, &caller.user);
}

}  // namespace

Right needed_right(const char* member) {
  for (const Need& need : kNeeds)
    if (need.member == member) return need.right;
  return Right::root;
}

Right right_of(uid_t user, const std::vector<gid_t>& groups) {
  if (user == 0) return Right::root;
  if (user == static_cast<uid_t>(-1)) return Right::none;
  Right right = Right::none;
  for (const Group& group : kGroups)
    if (has_group(group.name, groups)) right = std::max(right, group.right);
  return right;
}

std::string holders_of(Right right) {
  std::vector<std::string> names;
  for (const Group& group : kGroups)
    if (group.right >= right) names.push_back(group.name);
  if (names.empty()) return "root alone";
  std::string text = names.size() == 1 ? "root and the group " : "root and the groups ";
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

// On a socket of our own the message may name any sender: only the kernel is asked.
Caller caller_of(sd_bus_message* call) {
  Caller caller;
  ucred peer = {};
  if (is_from_bus(call)) {
    ask_bus(call, caller);
  } else if (read_peer(sd_bus_get_fd(sd_bus_message_get_bus(call)), peer)) {
    caller.user = peer.uid;
    caller.pid = peer.pid;
  }
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", caller.pid)) >> std::ws, caller.command);
  return caller;
}

Right right_of_peer(int socket) {
  ucred peer = {};
  if (!read_peer(socket, peer)) return Right::none;
  std::vector<gid_t> groups(kMaxGroups);
  auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) size = 0;
  groups.resize(size / sizeof(gid_t));
  groups.push_back(peer.gid);
  return right_of(peer.uid, groups);
}

Right right_of_user(uid_t user) { return right_of(user, groups_of_user(user)); }

}  // namespace stapd::bus
