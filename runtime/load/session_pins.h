// Where sessions are pinned: a folder each, in the folder of their instance.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace stapd {

// Of the instance whose root is `root`, a canonical path; "" or "/" is the host's own.
std::string instance_pins(const std::string& root);
// The same for a root as somebody wrote it: an error when that is no folder.
Result<std::string> instance_pins_of(const std::string& root);

std::string sessions_folder(const std::string& instance);
std::string session_pins(const std::string& instance, const std::string& session);
// Where the death of its stapd is noted (death_watch.h).
std::string stapd_watch(const std::string& instance);

// Of what a session has pinned, all that makes it record; what can be read stays.
Status remove_running_pins(const std::string& session_pins);

// Likewise of the process that holds a session.
constexpr char kHolderWatch[] = "watch";
std::string holder_watch(const std::string& session_pins);
// After a session's folder has gone: the folders above it, when they are empty.
void remove_empty_instance(const std::string& session_pins);

// Names in bpffs have no dots: what is not a letter, digit, `-` or `_` is written as %XX.
std::string encode_pin_name(const std::string& name);
// "" when it is none of ours.
std::string decode_pin_name(const std::string& encoded);

}  // namespace stapd
