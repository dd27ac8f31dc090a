#include "translator/regex/posix_order.h"

#include <algorithm>

namespace stapd::regex {
namespace {

bool same_symbol(const Arc& a, const Arc& b) {
  return a.bracket == b.bracket && a.height == b.height && a.ordinal == b.ordinal;
}

// Where ways part: to go in is better than to come out, an earlier sibling better than a later.
int8_t order_at_fork(const Arc& a, const Arc& b) {
  if (a.bracket != b.bracket) return a.bracket == Arc::Bracket::open ? -1 : 1;
  return a.ordinal < b.ordinal ? -1 : a.ordinal > b.ordinal ? 1 : 0;
}

}  // namespace

Comparison compare_ways(const Brackets& a, const Brackets& b, const Comparison* before) {
  size_t common = 0;
  Comparison out;
  if (before) {
    out = *before;
  } else {
    const size_t shorter = std::min(a.size(), b.size());
    while (common < shorter && same_symbol(*a[common], *b[common])) ++common;
  }
  // One that has passed nothing will come out of the part that both are in, so it is no deeper.
  if (!before && (common == a.size()) != (common == b.size())) {
    out.a.order = common == b.size() ? -1 : 1;
    out.b.order = static_cast<int8_t>(-out.a.order);
    return out;
  }
  for (size_t i = common; i < a.size(); ++i) out.a.lowest = std::min(out.a.lowest, a[i]->height);
  for (size_t i = common; i < b.size(); ++i) out.b.lowest = std::min(out.b.lowest, b[i]->height);
  if (out.a.lowest != out.b.lowest)
    out.a.order = out.a.lowest > out.b.lowest ? -1 : 1;
  else if (!before && common < a.size() && common < b.size())
    out.a.order = order_at_fork(*a[common], *b[common]);
  out.b.order = static_cast<int8_t>(-out.a.order);
  return out;
}

}  // namespace stapd::regex
