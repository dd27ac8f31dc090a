// What the command line says about elaboration.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/image/program_image.h"
#include "translator/probes/probe_builder.h"

namespace stapd {

struct ElaborateOptions {
  std::map<std::string, std::string> globals;  // -G name=value
  Limits limits;
  probes::Privilege privilege = probes::Privilege::developer;
  bool guru = false;
  bool unoptimized = false;  // -u
  bool skip_badvars = false;
  bool tolerate_missing_probes = false;  // what cannot be resolved is a warning
};

// `-D NAME=VALUE` of the limits. The message when VALUE is none, or the limit's range is left.
// A NAME that is no limit is of no interest here: true.
Status set_limit(Limits& limits, const std::string& name, const std::string& value);

}  // namespace stapd
