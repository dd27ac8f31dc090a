// A loaded session's maps, as the VM sees them.
#pragma once

#include "runtime/load/map_set.h"
#include "runtime/vm/map_access.h"

namespace stapd {

class KernelMaps : public MapAccess {
 public:
  // Borrows both.
  KernelMaps(const ProgramImage& image, const MapSet& maps) : image_(image), maps_(maps) {}

  std::byte* state() override { return maps_.state(); }
  bool lookup(uint32_t map, std::string_view key, std::string& value) override;
  int update(uint32_t map, std::string_view key, std::string_view value, bool only_new) override;
  void remove(uint32_t map, std::string_view key) override;
  void for_each(uint32_t map,
                const std::function<void(std::string_view, std::string_view)>& f) override;
  uint32_t cpus() const override { return maps_.ring_shape().segments - 1; }

 private:
  size_t value_bytes(uint32_t map) const;

  const ProgramImage& image_;
  const MapSet& maps_;
};

}  // namespace stapd
