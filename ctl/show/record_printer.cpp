#include "ctl/show/record_printer.h"

#include "ctl/show/json_printer.h"
#include "ctl/show/recording_printer.h"
#include "ctl/show/text_printer.h"

namespace stapd::ctl {

std::unique_ptr<RecordPrinter> make_printer(ShowFormat format, OutputQueue& queue,
                                            const ShowOptions& options) {
  switch (format) {
    case ShowFormat::text:
      return std::make_unique<TextPrinter>(queue, options);
    case ShowFormat::json:
      return std::make_unique<JsonPrinter>(queue, options);
    case ShowFormat::recording:
      return std::make_unique<RecordingPrinter>(queue, options);
  }
  return nullptr;
}

}  // namespace stapd::ctl
