// begin, end, error, never: run by the daemon, in the order of their numbers.
#include "translator/probes/families.h"

namespace stapd::probes {
namespace {

using Family = ProbeSpec::Family;

BuildResult build(Components components, Family family) {
  DerivedPoint derived;
  derived.point = point_text(components);
  derived.spec.family = family;
  derived.spec.order = number_argument(components, components[0].name).value_or(0);
  return BuildResult{{std::move(derived)}};
}

BuildResult build_begin(Components c, BuildContext&) { return build(c, Family::begin); }
BuildResult build_end(Components c, BuildContext&) { return build(c, Family::end); }
BuildResult build_error_probe(Components c, BuildContext&) { return build(c, Family::error); }
BuildResult build_never(Components c, BuildContext&) { return build(c, Family::never); }

}  // namespace

std::vector<ProbeFamily> begin_end_families() {
  return {
      {"begin", build_begin, Privilege::user},
      {"begin(number)", build_begin, Privilege::user},
      {"end", build_end, Privilege::user},
      {"end(number)", build_end, Privilege::user},
      {"error", build_error_probe, Privilege::user},
      {"error(number)", build_error_probe, Privilege::user},
      {"never", build_never, Privilege::user},
  };
}

}  // namespace stapd::probes
