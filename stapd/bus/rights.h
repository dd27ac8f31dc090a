// Who may ask for what: root, and SystemTap's groups. docs/dbus.md has the table.
#pragma once

#include <systemd/sd-bus.h>

#include <string>
#include <vector>

#include "stapd/host/caller.h"

namespace stapd::bus {

// Each includes those before it.
enum class Right { none, read, control, manage, root };

// What a call of this method needs, whichever interface it names.
Right needed_right(const char* member);
// By the groups that a user is in.
Right right_of(uid_t user, const std::vector<gid_t>& groups);
// "the groups stapsys and stapdev": who has the right besides root.
std::string holders_of(Right right);

// Who sent the call: what the kernel says of the other end of the socket, or the bus of its sender.
Caller caller_of(sd_bus_message* call);
// Whoever is at the other end of a socket, with the groups that he had when he connected.
Right right_of_peer(int socket);
// A sender on a bus, which tells nobody his groups: those of the user database.
Right right_of_user(uid_t user);

}  // namespace stapd::bus
