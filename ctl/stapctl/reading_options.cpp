#include "ctl/stapctl/reading_options.h"

#include <algorithm>

#include "ctl/filter/parse_where.h"
#include "runtime/base/clock.h"

namespace stapd::ctl {
namespace {

// Apart from those that a verb has for itself.
enum ReadingOption { kLast = 3000, kSince, kUntil, kWhere, kFormat, kOutput, kStamps };

constexpr auto kRequired = OptionSpec::Argument::required;
constexpr OptionSpec kOptions[] = {
    {kLast, 'n', "last", kRequired, "only the last 5s, 1min, 500ms"},
    {kSince, 'S', "since", kRequired,
     "from then on: 14:03, \"2026-11-21 14:03:05\", -5min, boot+120s"},
    {kUntil, 'U', "until", kRequired, "up to then"},
    {kWhere, 'w', "where", kRequired,
     "only these, as 'pid == 42 or comm =~ \"^ssh\"': cpu, probe, text, channel, session, and what "
     "the script prints"},
    {kFormat, 'f', "format", kRequired, "text, json (an object a line) or recording"},
    {kOutput, 'o', "output", kRequired, "write to this file"},
    {kStamps, 't', "time", OptionSpec::Argument::none, "wall time and CPU before each line"},
};

VerbResult<ShowFormat> format_argument(const std::string& text) {
  if (text == "text") return ShowFormat::text;
  if (text == "json") return ShowFormat::json;
  if (text == "recording") return ShowFormat::recording;
  return usage_error("--format is text, json or recording, not '{}'", text);
}

VerbResult<TimeRange> range_of(const Invocation& invocation) {
  uint64_t now = read_clocks().real;
  TimeRange range;
  if (auto text = invocation.find(kSince)) {
    STAPD_ASSIGN(range.since, from_caller(parse_moment(*text, now)));
  }
  if (auto text = invocation.find(kUntil)) {
    STAPD_ASSIGN(range.until, from_caller(parse_moment(*text, now)));
  }
  bool comparable = range.since && range.until && range.since->clock == range.until->clock;
  if (comparable && range.since->ns > range.until->ns)
    return usage_error("--since {} is later than --until {}", *invocation.find(kSince),
                       *invocation.find(kUntil));
  return range;
}

// A record without time has that of the one before it, but somebody must have one.
bool lacks_times(const RecordingInfo& info) {
  bool any = false, timed = false;
  for (const RecordFormat& format : info.formats) {
    if (format.probe == kNoProbe) continue;
    any = true;
    timed |= format.has_time;
  }
  return any && !timed;
}

template <class T>
VerbResult<T> where_result(tl::expected<T, WhereError> result, const std::string& text) {
  if (!result) return usage_error("{}", where_error_text(text, result.error()));
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(*result);
}

}  // namespace

std::span<const OptionSpec> reading_option_specs() { return kOptions; }

VerbResult<ReadingOptions> reading_options(const Invocation& invocation) {
  ReadingOptions options;
  if (auto text = invocation.find(kLast)) {
    STAPD_ASSIGN(options.last, time_argument(*text));
  }
  STAPD_ASSIGN(options.range, range_of(invocation));
  if (options.last && options.range.since)
    return usage_error("--last and --since both say where to begin: one of them");
  options.where_text = invocation.find(kWhere);
  if (options.where_text) {
    STAPD_ASSIGN(WhereExpr expr,
                 where_result(parse_where(*options.where_text), *options.where_text));
    STAPD_ASSIGN(options.where, where_result(WhereFilter::compile(expr), *options.where_text));
  }
  if (auto text = invocation.find(kFormat)) {
    STAPD_ASSIGN(options.format, format_argument(*text));
  }
  options.output = invocation.find(kOutput);
  options.stamps = invocation.has(kStamps);
  if (options.stamps && options.format != ShowFormat::text)
    return usage_error("-t is for text: json and recording carry the times anyway");
  return options;
}

VerbResult<void> check_reading(const ReadingOptions& options,
                               std::span<const ReadSchema* const> recordings) {
  std::vector<const ReadSchema*> known;
  std::copy_if(recordings.begin(), recordings.end(), std::back_inserter(known),
               [](const ReadSchema* schema) { return schema != nullptr; });
  for (const ReadSchema* schema : known) {
    if (options.needs_times() && lacks_times(schema->info))
      return tl::unexpected(
          VerbError({ErrorCode::unsupported,
                     fmt::format("the records of {} carry no time (Time=no in its profile)",
                                 schema->info.session)}));
  }
  // Of a session that has yet to start nobody knows.
  if (!options.where || known.empty()) return {};
  return where_result(options.where->check(known), *options.where_text);
}

}  // namespace stapd::ctl
