// A handler with loops is cut into segments: stretches without a cycle, each begun at a block where
// control can come again. One bpf_loop runs a callback that dispatches on the segment to run next,
// so nothing loops in the program itself, the verifier sees each segment once, and values that
// live from one segment into another are in the frame.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/image/ir.h"

namespace stapd::bpf {

struct SegmentPlan {
  std::vector<uint32_t> heads;  // first block of each segment; the first is the entry
  static constexpr uint32_t kUnreachable = 0xffffffff;
  std::vector<uint32_t> segment_of;   // block -> segment it lies in, or kUnreachable
  std::vector<int32_t> head_segment;  // block -> segment that begins there, or -1
  std::vector<bool> crosses;          // IR register -> lives in more than one segment
  bool has_loops() const { return heads.size() > 1; }
};

SegmentPlan plan_segments(const ir::Function& function);

}  // namespace stapd::bpf
