// One link for many places of a program file (Linux 6.6). A thousand places by a perf event each
// take two minutes to detach, by one link 30 ms. Debian 12's libbpf does not know it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stapd {

constexpr uint32_t kTraceUprobeMulti = 48;  // BPF_TRACE_UPROBE_MULTI, of the program and the link

struct UprobePlaces {
  std::string path;
  std::vector<uint64_t> offsets;  // in the file
  std::vector<uint64_t> cookies;  // one an offset
  bool at_return = false;
};

// The link's descriptor, or -errno.
int create_uprobe_multi_link(int program, const UprobePlaces& places);

}  // namespace stapd
