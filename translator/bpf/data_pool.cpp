#include "translator/bpf/data_pool.h"

namespace stapd::bpf {

uint32_t DataPool::append(std::string_view bytes) {
  data_.resize((data_.size() + 7) & ~size_t{7});
  uint32_t at = static_cast<uint32_t>(data_.size());
  data_.append(bytes);
  return at;
}

uint32_t DataPool::text(std::string_view text) {
  std::string bytes(text);
  bytes.resize(((bytes.size() + 7) & ~size_t{7}) + 8);
  auto [it, fresh] = texts_.try_emplace(bytes, 0);
  if (fresh) it->second = append(bytes);
  return it->second;
}

uint32_t DataPool::zeros(uint32_t size) { return text(std::string(size, '\0')); }

uint32_t DataPool::spaces(uint32_t size) { return text(std::string(size, ' ')); }

}  // namespace stapd::bpf
