// The bpffs folder that keeps a session recording without its process.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace stapd {

Status pin_object(int fd, const std::string& path);
Result<UniqueFd> open_pin(const std::string& path);

// Makes bpffs available at `folder`'s file system, mounting it at /sys/fs/bpf when nothing is
// there.
Status ensure_bpffs();
// An error while it is mounted read-only: pins can neither be made, opened nor removed then.
Status check_bpffs_writable();

// Names in bpffs have no dots.
// Makes the folder, mode 0700, with its parents.
Status make_pin_folder(const std::string& folder);
// Removes the folder and every pin in it: what only the pins kept is gone.
Status remove_pin_folder(const std::string& folder);
// Likewise, but first it loses its name: whoever is killed meanwhile leaves no folder that looks as
// if it were still wanted.
Status discard_pin_folder(const std::string& folder);
Status rename_pin_folder(const std::string& from, const std::string& to);
// Removes a folder when nothing is in it; else nothing happens.
void remove_empty_pin_folder(const std::string& folder);
// Names in the folder, sorted.
std::vector<std::string> list_pins(const std::string& folder);

}  // namespace stapd
