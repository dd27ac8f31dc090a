// A session's maps in plain memory: for tests of the VM, without root.
#pragma once

#include <map>
#include <vector>

#include "runtime/image/program_image.h"
#include "runtime/vm/map_access.h"

namespace stapd {

class MemoryMaps : public MapAccess {
 public:
  explicit MemoryMaps(const ProgramImage& image, uint32_t cpus = 2);

  std::byte* state() override { return reinterpret_cast<std::byte*>(state_.data()); }
  bool lookup(uint32_t map, std::string_view key, std::string& value) override;
  int update(uint32_t map, std::string_view key, std::string_view value, bool only_new) override;
  void remove(uint32_t map, std::string_view key) override;
  void for_each(uint32_t map,
                const std::function<void(std::string_view, std::string_view)>& f) override;
  uint32_t cpus() const override { return cpus_; }

 private:
  bool is_percpu(uint32_t map) const;

  const ProgramImage& image_;
  uint32_t cpus_;
  std::vector<uint64_t> state_;
  std::vector<std::map<std::string, std::string, std::less<>>> maps_;
};

}  // namespace stapd
