// Names that are close to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapd {

// The up to `most` candidates with the smallest edit distance to `name`, nearest first, those of
// equal distance in the order given. Long names and long lists are fine.
std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& candidates, size_t most = 5);

// The one candidate that is near enough to be what was meant, or "".
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace stapd
