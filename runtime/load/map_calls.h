// The kernel's calls on the elements of a map.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stapd {

// `value` has the size that the kernel fills: of a per-CPU map that of all possible CPUs.
bool lookup_element(int map, std::string_view key, std::string& value);
// 0 or -errno.
int update_element(int map, std::string_view key, std::string_view value, bool only_new);
void delete_element(int map, std::string_view key);

// Every element of a hash map, in no order; one that is added or deleted meanwhile may be missing.
void for_each_element(int map, size_t key_size, size_t value_size,
                      const std::function<void(std::string_view, std::string_view)>& f);

}  // namespace stapd
