// The constant bytes of an image: its data map. What is asked for twice is stored once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stapd::bpf {

class DataPool {
 public:
  explicit DataPool(std::string& data) : data_(data) {}

  // Offset of the text, 8-aligned, with at least 8 zero bytes behind it.
  uint32_t text(std::string_view text);
  // Offset of so many zero bytes, or spaces.
  uint32_t zeros(uint32_t size);
  uint32_t spaces(uint32_t size);

 private:
  uint32_t append(std::string_view bytes);

  std::string& data_;
  std::unordered_map<std::string, uint32_t> texts_;
};

}  // namespace stapd::bpf
