#include "runtime/store/file_rotation.h"

#include <fmt/format.h>
#include <time.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <numeric>

namespace stapd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMiB = 1u << 20;
constexpr uint64_t kJump = kSecond;  // less is the clock being adjusted
constexpr size_t kSuffixRoom = 21;   // what SystemTap leaves for the longest suffix
// With a limit on age or sum, but none on a file's size, a file is this part of the whole.
constexpr uint64_t kParts = 8;
constexpr uint64_t kLeastPart = 64u << 10;
constexpr uint64_t kFreeCheckStep = 1u << 20;  // bytes between two looks at the free space

Result<std::string> expand_time(const std::string& path, uint64_t opened) {
  auto seconds = static_cast<time_t>(opened / kSecond);
  tm time{};
  localtime_r(&seconds, &time);
  char name[PATH_MAX];
  size_t size = strftime(name, sizeof name - kSuffixRoom, path.c_str(), &time);
  if (size == 0)
    return fail(ErrorCode::invalid_argument, "Filename format is invalid or too long.");
  return std::string(name, size);
}

bool has_limits(const RotationOptions& options) {
  return options.size || options.max_age || options.total;
}

}  // namespace

Result<RotationLimits> parse_rotation_limits(const std::string& text) {
  char* rest = nullptr;
  RotationLimits limits;
  errno = 0;
  uint64_t size = std::strtoul(text.c_str(), &rest, 10);
  bool good = errno == 0 && size <= UINT64_MAX / kMiB;
  limits.size = size * kMiB;
  if (*rest == ',') {
    uint64_t count = std::strtoul(rest + 1, &rest, 10);
    good &= errno == 0 && count <= UINT32_MAX;
    limits.count = static_cast<uint32_t>(count);
  }
  if (!good || *rest || rest != text.c_str() + text.size())
    return failf(ErrorCode::invalid_argument, "Invalid file size option '{}'.", text);
  return limits;
}

Result<std::string> rotated_name(const RotationOptions& options, uint32_t number, uint64_t opened) {
  if (options.path == "/dev/null") return options.path;
  bool numbered = has_limits(options) || number > 0;
  if (options.path.empty() && options.bulk)
    return numbered ? fmt::format("stpd_cpu{}.{}", options.cpu, number)
                    : fmt::format("stpd_cpu{}", options.cpu);
  STAPD_ASSIGN(std::string name, expand_time(options.path, opened));
  if (options.bulk)
    return numbered ? fmt::format("{}_cpu{}.{}", name, options.cpu, number)
                    : fmt::format("{}_{}", name, options.cpu);
  return numbered ? fmt::format("{}.{}", name, number) : name;
}

FileRotation::FileRotation(FileLayer& layer, RotationOptions options, RotationState state)
    : layer_(layer),
      options_(std::move(options)),
      state_(std::move(state)),
      clock_offset_(layer_.now() - layer_.steady_now()) {
  uint64_t now = layer_.now();
  // Files of a writer that was killed were never closed; what is of the future was written before
  // somebody set the clock back.
  for (RotatedFile& file : state_.files)
    if (!file.closed || file.closed > now) file.closed = now;
}

// Who sets the wall clock makes no file older or younger. To be called before a file gets a time of
// the clock as it is now, to which nothing must be added.
void FileRotation::follow_clock() {
  uint64_t offset = layer_.now() - layer_.steady_now();
  uint64_t jump = offset - clock_offset_;  // modulo 2^64, as all that it is added to
  if (jump < kJump || -jump < kJump) return;
  clock_offset_ = offset;
  for (RotatedFile& file : state_.files) {
    file.opened += jump;
    if (file.closed) file.closed += jump;
  }
}

FileRotation::~FileRotation() { close(); }

const std::string& FileRotation::path() const {
  return state_.files.empty() ? options_.path : state_.files.back().path;
}

uint64_t FileRotation::part_size() const {
  if (!options_.total) return options_.size;
  uint64_t size = options_.size ? options_.size : std::max(options_.total / kParts, kLeastPart);
  return std::min(size, options_.total);
}

bool FileRotation::is_due(size_t incoming, size_t waiting) const {
  if (!is_open() || switch_wanted_) return true;
  const RotatedFile& file = state_.files.back();
  uint64_t written = file.size + waiting;
  if (uint64_t size = part_size())
    if (options_.bulk ? written + incoming > size && written > 0 : written > size) return true;
  return options_.max_age && layer_.steady_now() - opened_steady_ >= options_.max_age / kParts;
}

Status FileRotation::open_next() {
  close();
  follow_clock();
  switch_wanted_ = false;
  // The oldest goes before the new one comes: there are never more than were asked for.
  if (options_.count) make_room(options_.count - 1);
  STAPD_TRY(check_free());
  RotatedFile file{state_.next, "", layer_.now(), 0, 0};
  STAPD_ASSIGN(file.path, rotated_name(options_, file.number, file.opened));
  STAPD_ASSIGN(fd_, layer_.create(file.path));
  opened_steady_ = layer_.steady_now();
  state_.files.push_back(std::move(file));
  ++state_.next;
  expire();
  return {};
}

Status FileRotation::reopen_last() {
  if (is_open() || state_.files.empty()) return fail(ErrorCode::not_found, "no file to go on with");
  RotatedFile& file = state_.files.back();
  STAPD_ASSIGN(fd_, layer_.reopen(file.path, file.size));
  file.closed = 0;
  uint64_t now = layer_.now();
  opened_steady_ = layer_.steady_now() - (now - std::min(now, file.opened));
  return {};
}

Status FileRotation::write(std::string_view message) {
  if (!is_open()) return fail(ErrorCode::io, "no output file is open");
  unchecked_ += message.size();
  if (options_.keep_free && unchecked_ >= kFreeCheckStep) STAPD_TRY(check_free());
  uint64_t before = written();
  std::string_view rest = message;
  while (!rest.empty()) {
    int64_t written = layer_.write(fd_.get(), rest);
    if (written == -EINTR) continue;
    if (written <= 0) {
      if (rest.size() < message.size()) (void)layer_.truncate(fd_.get(), before);
      return fail_errno(path(), written == 0 ? EIO : static_cast<int>(-written));
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  state_.files.back().size += message.size();
  return {};
}

Status FileRotation::write_message(std::string_view message) {
  if (is_due(message.size())) STAPD_TRY(open_next());
  return write(message);
}

Status FileRotation::sync() {
  if (!is_open() || is_null()) return {};
  int outcome = layer_.sync(fd_.get());
  return outcome == 0 ? Status() : fail_errno(path(), -outcome);
}

void FileRotation::close() {
  if (!is_open()) return;
  follow_clock();
  state_.files.back().closed = layer_.now();
  fd_.reset();
}

void FileRotation::delete_oldest() {
  if (!is_null()) (void)layer_.remove(state_.files.front().path);
  state_.files.pop_front();
}

// Closed files come first; the open one is never deleted.
void FileRotation::make_room(size_t closed_files_kept) {
  size_t open = is_open() ? 1 : 0;
  while (state_.files.size() > closed_files_kept + open) delete_oldest();
}

void FileRotation::expire() {
  follow_clock();
  if (is_open() && !is_null() && !layer_.has_name(fd_.get())) request_switch();
  size_t open = is_open() ? 1 : 0;
  auto has_closed = [&] { return state_.files.size() > open; };
  uint64_t now = layer_.now();
  while (options_.max_age && has_closed() && now > state_.files.front().closed &&
         now - state_.files.front().closed > options_.max_age)
    delete_oldest();
  auto sum = [&] {
    return std::accumulate(state_.files.begin(), state_.files.end(), uint64_t{0},
                           [](uint64_t all, const RotatedFile& file) { return all + file.size; });
  };
  // The open file may still grow to its full size.
  uint64_t reserve = is_open() ? part_size() - std::min(part_size(), written()) : 0;
  while (options_.total && has_closed() && sum() + reserve > options_.total) delete_oldest();
  (void)check_free();
}

// Gives old files for free space; an error when there is still too little.
Status FileRotation::check_free() {
  if (!options_.keep_free || is_null()) return {};
  size_t open = is_open() ? 1 : 0;
  while (layer_.free_bytes(path()) < options_.keep_free) {
    if (state_.files.size() <= open)
      return failf(ErrorCode::limit, "{}: less than {} bytes would stay free", path(),
                   options_.keep_free);
    delete_oldest();
  }
  unchecked_ = 0;
  return {};
}

}  // namespace stapd
