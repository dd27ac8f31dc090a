// A copied recording, of parts that stapd gives one after the other.
#include "ctl/client/recording.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "runtime/record/record_layout.h"
#include "tests/support/recording_samples.h"

namespace stapd::ctl {
namespace {

constexpr uint32_t kSegments = 3;
constexpr uint32_t kRingId = 7;

UniqueFd sealed(const std::string& bytes) {
  UniqueFd fd(memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  return fd;
}

SnapshotFiles part(uint32_t first, uint32_t end, bool ended, uint32_t ring_id = kRingId) {
  RecordingInfo info = test::sample_info();
  info.segments = kSegments;
  SnapshotFiles files;
  files.schema = sealed(encode_schema(info));
  files.segment_bytes = kMinSegmentSize;
  files.segments = kSegments;
  files.ring = sealed(std::string(kSegments * segment_value_size(kMinSegmentSize), '\0'));
  files.first = first;
  files.end = end;
  files.ring_id = ring_id;
  files.ended = ended;
  return files;
}

using Fate = Recording::Fate;

TEST(CopiedRecording, ItHasEndedWhenItsFirstPartHas) {
  Result<std::unique_ptr<Recording>> copy = Recording::open(part(0, 1, false), "/path");
  ASSERT_TRUE(copy) << copy.error().message;
  // What the first part's CPUs recorded until then is not here.
  ASSERT_TRUE((*copy)->replace(part(1, kSegments, true)));
  EXPECT_EQ((*copy)->fate(), Fate::grows);
  ASSERT_TRUE((*copy)->replace(part(0, 1, true)));
  EXPECT_EQ((*copy)->fate(), Fate::ended);
}

TEST(CopiedRecording, PartsOfAnotherRingAreLeft) {
  Result<std::unique_ptr<Recording>> copy = Recording::open(part(0, kSegments, false), "/path");
  ASSERT_TRUE(copy) << copy.error().message;
  ASSERT_TRUE((*copy)->replace(part(0, kSegments, true, kRingId + 1)));
  EXPECT_TRUE((*copy)->is_elsewhere());
  EXPECT_EQ((*copy)->fate(), Fate::grows);
}

}  // namespace
}  // namespace stapd::ctl
