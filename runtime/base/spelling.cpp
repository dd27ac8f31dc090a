#include "runtime/base/spelling.h"

#include <algorithm>
#include <numeric>

namespace stapd {
namespace {

constexpr size_t kLongest = 100;  // of names that are compared; the rest of one does not matter

// Insertions, deletions and replacements that make `b` of `a`.
size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, kLongest);
  b = b.substr(0, kLongest);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& candidates, size_t most) {
  std::vector<std::pair<size_t, size_t>> order;  // distance, index
  for (size_t i = 0; i < candidates.size(); ++i)
    order.emplace_back(edit_distance(name, candidates[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (size_t i = 0; i < order.size() && names.size() < most; ++i) {
    const std::string& candidate = candidates[order[i].second];
    if (std::find(names.begin(), names.end(), candidate) == names.end()) names.push_back(candidate);
  }
  return names;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string> best = similar_names(name, candidates, 1);
  if (best.empty()) return "";
  const size_t allowed = std::max<size_t>(1, name.size() / 3);
  return edit_distance(name, best[0]) <= allowed ? best[0] : "";
}

}  // namespace stapd
