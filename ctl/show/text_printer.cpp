#include "ctl/show/text_printer.h"

#include <unistd.h>

namespace stapd::ctl {

TextPrinter::TextPrinter(OutputQueue& queue, const ShowOptions& options)
    : queue_(queue), options_(options), stamped_(options.stamps) {}

void TextPrinter::print(const RecordedRecord& record, const RecordView& view) {
  const RecordingInfo& info = record.schema->info;
  RecordStamp stamp = {record.real, record.record.time, info.cpu_of(record.record.segment)};
  if (options_.sessions) stamp.session = info.session;
  print(record.schema->formatter, view, stamp);
}

void TextPrinter::print(const RecordFormatter& formatter, const RecordView& view,
                        const RecordStamp& stamp) {
  switch (view.format().channel) {
    case RecordChannel::output:
      return print_output(formatter, view, stamp);
    case RecordChannel::warning:
    case RecordChannel::error:
    case RecordChannel::notice:
      return print_aside(formatter, view, stamp.session);
    case RecordChannel::system:
    case RecordChannel::heartbeat:
      return;
  }
}

void TextPrinter::print_output(const RecordFormatter& formatter, const RecordView& view,
                               const RecordStamp& stamp) {
  std::string& out = queue_.to(options_.out);
  if (!options_.stamps && !options_.sessions) {
    formatter.append_text(out, view);
    return;
  }
  text_.clear();
  formatter.append_text(text_, view);
  stamped_.append(out, text_, stamp);
}

void TextPrinter::print_aside(const RecordFormatter& formatter, const RecordView& view,
                              std::string_view session) {
  text_.clear();
  formatter.append_text(text_, view);
  bool is_warning = view.format().channel == RecordChannel::warning;
  if (is_warning && (options_.suppress_warnings || !warnings_.is_new(text_))) return;
  if (text_.empty() || text_.back() != '\n') text_ += '\n';
  std::string& aside = queue_.to(STDERR_FILENO);
  if (!session.empty()) aside.append(session).append(": ");
  aside += text_;
}

}  // namespace stapd::ctl
