#include "ctl/client/copied_recording.h"

#include <systemd/sd-bus.h>

#include <span>

#include "ctl/client/variant_map.h"

namespace stapd::ctl {
namespace {

constexpr const char* kMethod = "TakeSnapshot";

struct Wanted {
  uint32_t earlier, first;
  std::span<const uint64_t> positions;
};

Result<SnapshotFiles> take_snapshot(const Bus& bus, const std::string& path, const Wanted& wanted) {
  STAPD_ASSIGN(BusMessage request, bus.prepare({path, kSessionInterface}, kMethod));
  int error = sd_bus_message_append(request.get(), "uu", wanted.earlier, wanted.first);
  if (error >= 0)
    error = sd_bus_message_append_array(request.get(), 't', wanted.positions.data(),
                                        wanted.positions.size() * sizeof(uint64_t));
  if (error < 0) return fail_errno(kMethod, -error);
  STAPD_ASSIGN(BusMessage reply, bus.send(std::move(request)));
  SnapshotFiles files;
  STAPD_ASSIGN(files.schema, read_fd(reply, kMethod));
  STAPD_ASSIGN(files.ring, read_fd(reply, kMethod));
  STAPD_ASSIGN(VariantMap all, VariantMap::read(reply, kMethod));
  files.segment_bytes = all.number("SegmentBytes");
  files.segments = static_cast<uint32_t>(all.number("Segments"));
  files.first = static_cast<uint32_t>(all.number("First"));
  files.end = static_cast<uint32_t>(all.number("End"));
  files.ring_id = static_cast<uint32_t>(all.number("RingId"));
  files.ended = all.flag("Ended");
  files.replaced = all.flag("Replaced");
  // Whoever asks again must get on.
  if (files.first != wanted.first || files.end <= wanted.first) return strange_reply(kMethod);
  return files;
}

Status take_rest(const Bus& bus, Recording& copy, Wanted wanted) {
  while (wanted.first < copy.segments()) {
    STAPD_ASSIGN(SnapshotFiles next, take_snapshot(bus, copy.copied_from(), wanted));
    STAPD_TRY(copy.replace(next));
    if (copy.is_elsewhere()) return {};
    wanted.first = next.end;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Recording>> copy_recording(const Bus& bus, const std::string& path,
                                                  uint32_t earlier) {
  STAPD_ASSIGN(SnapshotFiles first, take_snapshot(bus, path, {earlier, 0, {}}));
  STAPD_ASSIGN(std::unique_ptr<Recording> recording, Recording::open(first, path));
  STAPD_TRY(take_rest(bus, *recording, {earlier, first.end, {}}));
  return recording;
}

Status refresh_copy(const Bus& bus, Recording& copy, uint32_t earlier,
                    const std::vector<uint64_t>& positions) {
  return take_rest(bus, copy, {earlier, 0, positions});
}

}  // namespace stapd::ctl
