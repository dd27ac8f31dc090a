// The pin that makes a session whole: its image and what is to be known of its life, in a map
// beside the others. What adopts a session needs nothing but its bpffs folder.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/load/map_set.h"

namespace stapd {

constexpr char kMetadataPin[] = "metadata";

// How far back the ring reached at worst, as far as it was looked at.
struct WorstDepth {
  uint64_t depth_ns = 0;
  uint64_t day = 0;  // local time's, as a number yyyymmdd; 0: never
};

// In the map, and written while the session lives. Times in ns.
struct SessionMetadata {
  static constexpr uint64_t kMagic = 0x32617465'6d706174;  // "tapmeta2"

  uint64_t magic = kMagic;
  uint64_t image_bytes = 0;
  uint64_t started_real = 0, started_boot = 0;
  uint64_t away = 0, last_away = 0;  // without a daemon
  uint64_t adoptions = 0;
  WorstDepth worst_depth;
  char fingerprint[72] = {};  // of the profile: hex
  char profile_path[256] = {};
  char script_path[256] = {};
};

class MetadataMap {
 public:
  // With everything set but the image's size, which is of `encoded_image`.
  static Result<MetadataMap> create(const SessionMetadata& metadata,
                                    std::string_view encoded_image);
  static Result<MetadataMap> open(const std::string& pin_folder);

  int fd() const { return fd_.get(); }
  SessionMetadata& metadata() const { return *reinterpret_cast<SessionMetadata*>(memory_.data()); }
  // Untrusted bytes: decode_image_untrusted() takes them.
  Result<std::string> read_image() const;

 private:
  MetadataMap() = default;
  Status map_memory();

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
