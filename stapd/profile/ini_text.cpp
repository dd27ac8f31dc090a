#include "stapd/profile/ini_text.h"

#include <ini.h>

#include <algorithm>
#include <cstring>

namespace stapd {
namespace {

// inih asks for one line after the other; so we know which line an assignment is on, and which one
// does not fit into its buffer, which it would cut silently.
struct Feed {
  std::string_view rest;
  std::string file;
  int line = 0;
  int long_line = 0;
  std::vector<IniAssignment> found;

  static char* next_line(char* buffer, int size, void* self) {
    Feed& feed = *static_cast<Feed*>(self);
    if (feed.rest.empty()) return nullptr;
    size_t length = std::min(feed.rest.find('\n'), feed.rest.size() - 1) + 1;
    ++feed.line;
    // To inih an indented line goes on with the value before it, whatever it looks like.
    size_t indent = std::min(feed.rest.find_first_not_of(" \t"), length);
    if (length - indent >= static_cast<size_t>(size)) {
      feed.long_line = feed.line;
      return nullptr;
    }
    std::memcpy(buffer, feed.rest.data() + indent, length - indent);
    buffer[length - indent] = '\0';
    feed.rest.remove_prefix(length);
    return buffer;
  }

  static int on_assignment(void* self, const char* section, const char* key, const char* value) {
    Feed& feed = *static_cast<Feed*>(self);
    feed.found.push_back({section, key, value ? value : "", feed.file, feed.line});
    return 1;
  }
};

}  // namespace

Result<std::vector<IniAssignment>> parse_ini_untrusted(std::string_view text,
                                                       const std::string& file) {
  Feed feed{text, file, 0, 0, {}};
  if (text.find('\0') != std::string_view::npos)
    return failf(ErrorCode::invalid_argument, "{}: not a text file", file);
  int bad_line = ini_parse_stream(Feed::next_line, &feed, Feed::on_assignment, &feed);
  if (feed.long_line)
    return failf(ErrorCode::limit, "{}:{}: the line is too long", file, feed.long_line);
  if (bad_line > 0)
    return failf(ErrorCode::invalid_argument,
                 "{}:{}: neither [Section] nor Key=value, nor a comment (`#`)", file, bad_line);
  if (bad_line < 0) return failf(ErrorCode::limit, "{}: no memory to read it", file);
  return std::move(feed.found);
}

}  // namespace stapd
