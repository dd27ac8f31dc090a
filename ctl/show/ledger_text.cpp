#include "ctl/show/ledger_text.h"

#include <fmt/core.h>

namespace stapd::ctl {
namespace {

uint64_t count_of(const SegmentLedger& ledger, DropCause cause) {
  return ledger.dropped[static_cast<size_t>(cause)];
}

}  // namespace

std::string counted(uint64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

uint64_t dropped_records(const SegmentLedger& ledger) {
  return count_of(ledger, DropCause::record_too_long);
}

uint64_t skipped_handlers(const SegmentLedger& ledger) {
  return count_of(ledger, DropCause::nested_too_deep) + count_of(ledger, DropCause::lock_timeout);
}

std::string ledger_text(const SegmentLedger& total) {
  uint64_t dropped = dropped_records(total);
  std::string text = fmt::format("{}: {} kept, {} overwritten, {} dropped",
                                 counted(total.produced + dropped, "record"), total.kept,
                                 total.overwritten, dropped);
  if (total.in_flight) text += fmt::format(", {} being written", total.in_flight);
  if (total.unreadable) text += fmt::format(", {} unreadable", total.unreadable);
  if (!total.exact) text += " (the count is not exact)";
  if (uint64_t skipped = skipped_handlers(total))
    text += fmt::format("; {} skipped", counted(skipped, "handler"));
  if (uint64_t stopped = count_of(total, DropCause::action_limit))
    text += fmt::format("; {} came to MAXACTION", counted(stopped, "handler"));
  return text;
}

}  // namespace stapd::ctl
