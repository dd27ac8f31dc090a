// What became of the records of a ring, in words.
#pragma once

#include <string>

#include "runtime/ring/ring_reader.h"

namespace stapd::ctl {

// "1 record", "7 records".
std::string counted(uint64_t count, const char* what);

// "N records: K kept, O overwritten, D dropped", and what else there is to say.
std::string ledger_text(const SegmentLedger& total);

// Of a segment: records that found no room, and handlers that did not run.
uint64_t dropped_records(const SegmentLedger& ledger);
uint64_t skipped_handlers(const SegmentLedger& ledger);

}  // namespace stapd::ctl
