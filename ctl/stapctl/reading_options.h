// What dump, attach and read have in common: which records, and how they are shown.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ctl/filter/moment.h"
#include "ctl/filter/where_filter.h"
#include "ctl/show/record_printer.h"
#include "ctl/stapctl/verb.h"

namespace stapd::ctl {

struct ReadingOptions {
  std::optional<uint64_t> last;  // ns before the end
  TimeRange range;
  std::optional<std::string> where_text;
  std::optional<WhereFilter> where;
  ShowFormat format = ShowFormat::text;
  bool stamps = false;
  std::optional<std::string> output;  // a file
  bool several = false;               // sessions are named, even if there are records of one only

  // What was asked for can only be had of records that carry times.
  bool needs_times() const { return stamps || last || range.is_limited(); }
  // Not all that there is.
  bool is_part() const { return last || range.is_limited() || where; }
};

std::span<const OptionSpec> reading_option_specs();
VerbResult<ReadingOptions> reading_options(const Invocation& invocation);

// Whether what is asked for can be had of these recordings at all.
VerbResult<void> check_reading(const ReadingOptions& options,
                               std::span<const ReadSchema* const> recordings);

}  // namespace stapd::ctl
