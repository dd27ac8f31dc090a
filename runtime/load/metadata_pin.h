// The pin that makes a session whole: its image, the schema of what it records, and what is to be
// known of its life, in a map beside the others. What adopts a session needs nothing but its bpffs
// folder; what only reads it needs no image, which may be another build's.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/load/map_set.h"

namespace stapd {

constexpr char kMetadataPin[] = "metadata";

// What kind of process holds a session. Whether one does is what its lock says (session_lock.h).
enum class HolderKind : uint32_t {
  daemon,   // stapd
  process,  // one of its own, which stap or staprun left behind
};

// How far back the ring reached at worst, as far as it was looked at.
struct WorstDepth {
  uint64_t depth_ns = 0;
  uint64_t day = 0;  // local time's, as a number yyyymmdd; 0: never
};

// In the map, and written while the session lives. Times in ns. Other builds read it: fields are
// only ever added, at the end.
struct SessionMetadata {
  static constexpr uint64_t kMagic = 0x34617465'6d706174;  // "tapmeta4"

  uint64_t magic = kMagic;
  uint64_t image_bytes = 0, schema_bytes = 0;
  uint64_t started_real = 0, started_boot = 0;
  uint64_t away = 0, last_away = 0;  // without a daemon
  uint64_t adoptions = 0;
  WorstDepth worst_depth;
  char fingerprint[72] = {};  // of the profile: hex
  char profile_path[256] = {};
  char script_path[256] = {};
  HolderKind holder_kind = HolderKind::daemon;
  uint32_t bulk = 0;    // 1: of `stap -b`: its output goes to a file a CPU
  uint64_t holder = 0;  // its pid, as it said itself; may be dead
};

class MetadataMap {
 public:
  struct Content {
    std::string_view image;   // encode_image()
    std::string_view schema;  // encode_schema()
    // Of its ring, when somebody will want to know what was shown of it.
    uint32_t segments = 0;
  };
  // With everything set but the sizes of the content.
  static Result<MetadataMap> create(const SessionMetadata& metadata, const Content& content);
  static Result<MetadataMap> open(const std::string& pin_folder);

  int fd() const { return fd_.get(); }
  SessionMetadata& metadata() const { return *reinterpret_cast<SessionMetadata*>(memory_.data()); }
  // Untrusted bytes: decode_image_untrusted() and decode_schema_untrusted() take them.
  Result<std::string> read_image() const;
  Result<std::string> read_schema() const;
  // For each segment the number of the last record that somebody has been shown: who comes next
  // goes on behind it. Nothing when that is not kept.
  Result<std::vector<uint64_t>> read_positions() const;
  Status store_positions(std::span<const uint64_t> positions) const;

 private:
  MetadataMap() = default;
  Status map_memory();
  size_t schema_offset() const;
  Result<std::string> read(size_t offset, size_t bytes) const;
  size_t positions_offset() const;

  UniqueFd fd_;
  size_t size_ = 0;
  MapMemory memory_;  // the first page
};

// `text` cut to fit, with a 0.
void copy_text(char* to, size_t size, std::string_view text);
template <size_t N>
void copy_text(char (&to)[N], std::string_view text) {
  copy_text(to, N, text);
}
// Up to the first 0.
template <size_t N>
std::string text_of(const char (&from)[N]) {
  return std::string(from, strnlen(from, N));
}

}  // namespace stapd
