// The conditions of probe points, each once, however many probes have it. Inside the room only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "translator/lower/image_builder.h"

namespace stapd {

class ConditionTable {
 public:
  explicit ConditionTable(ImageBuilder& builder) : builder_(builder) {}

  // Index in ProgramImage::conditions of the probe's; nothing when it has none, or when its probe
  // cannot come and go: it runs at the beginning or the end, or its condition asks where it runs.
  Result<std::optional<uint32_t>> find_or_add(const sem::Probe& probe);

 private:
  uint32_t add(ir::Function function);

  ImageBuilder& builder_;
  std::map<std::string, uint32_t> known_;  // by the function's code
};

}  // namespace stapd
