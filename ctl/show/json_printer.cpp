#include "ctl/show/json_printer.h"

#include "runtime/format/json_text.h"

namespace stapd::ctl {

void JsonPrinter::print(const RecordedRecord& record, const RecordView& view) {
  const RecordingInfo& info = record.schema->info;
  JsonContext context;
  context.stamp = {record.real, record.record.time, info.cpu_of(record.record.segment)};
  if (const ProbeName* probe = info.probe_of(view.header().format)) context.probe = probe->point;
  if (options_.sessions) context.session = info.session;
  append_json(queue_.to(options_.out), view, record.schema->formatter, context);
}

}  // namespace stapd::ctl
