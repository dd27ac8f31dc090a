// Names of recordings on the command line, and what is said of what was found in them.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/store/recording_reader.h"

namespace stapd::ctl {

// The files of `names`, each once: FILE itself, else what a writer with -S makes of it: FILE.0,
// FILE.1, ...
Result<std::vector<std::string>> find_recording_files(const std::vector<std::string>& names);

// Lines for people. Of each kind of finding the first few, then how many more there are.
std::vector<std::string> finding_lines(const std::vector<Finding>& findings);

// What a recording says of its records: "312 records of numbers on host: ...".
std::string recording_line(const RecordingReader& reader, size_t recording);

}  // namespace stapd::ctl
