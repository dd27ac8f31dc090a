#include "runtime/format/record_text.h"

namespace stapd {
namespace {

bool ends_with_newline(std::string_view text, size_t start) {
  return text.size() > start && text.back() == '\n';
}

}  // namespace

const char* channel_name(RecordChannel channel) {
  switch (channel) {
    case RecordChannel::output:
      return "output";
    case RecordChannel::warning:
      return "warning";
    case RecordChannel::error:
      return "error";
    case RecordChannel::heartbeat:
      return "heartbeat";
    case RecordChannel::system:
      return "system";
    case RecordChannel::notice:
      return "notice";
  }
  return "unknown";
}

RecordFormatter::RecordFormatter(std::span<const RecordFormat> formats) {
  formats_.reserve(formats.size());
  plans_.reserve(formats.size());
  for (const RecordFormat& format : formats) {
    formats_.emplace_back(format);
    plans_.emplace_back(format);
  }
}

std::optional<RecordView> RecordFormatter::view_untrusted(std::string_view record) const {
  auto header = read_header(record);
  if (!header || header->format >= formats_.size()) return std::nullopt;
  return RecordView::parse_untrusted(record, formats_[header->format]);
}

void RecordFormatter::append_text(std::string& out, const RecordView& record) const {
  size_t start = out.size();
  switch (record.format().channel) {
    case RecordChannel::output:
    case RecordChannel::system:
    case RecordChannel::heartbeat:
      return append_plain_text(out, record);
    case RecordChannel::error:
      out += "ERROR: ";
      append_plain_text(out, record);
      if (!record.format().near.empty()) out.append(" ").append(record.format().near);
      break;
    case RecordChannel::warning:
      out += "WARNING: ";
      append_plain_text(out, record);
      break;
    case RecordChannel::notice:
      append_plain_text(out, record);
      break;
  }
  if (!ends_with_newline(out, start)) out += '\n';
}

void RecordFormatter::append_plain_text(std::string& out, const RecordView& record) const {
  if (record.header().format < plans_.size()) plans_[record.header().format].append(out, record);
}

}  // namespace stapd
