#include <sstream>

#include "translator/elaborate/check_program.h"
#include "translator/elaborate/walk.h"

namespace stapd {
namespace {

using sem::Expr;
using Kind = sem::Expr::Kind;

// More buckets than this, or a width of 0, and SystemTap's runtime keeps no histogram.
constexpr int64_t kMaxBuckets = 128;
constexpr int64_t kMinBuckets = 3;

class StatisticCollector {
 public:
  StatisticCollector(sem::Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {}

  void expr(const Expr& e) {
    if (e.args.empty() || !e.args[0]) return;
    const Expr& variable = *e.args[0];
    if (variable.kind != Kind::global && variable.kind != Kind::element) return;
    StatisticShape& shape = program_.globals[variable.index].statistic;
    if (e.kind == Kind::stat && e.field == ir::StatField::variance) variance(shape, e);
    if (e.kind == Kind::histogram || e.kind == Kind::bucket) histogram(shape, e, variable.index);
  }

 private:
  void fault(const Expr& at, std::string message) {
    diagnostics_.add(DiagnosticKind::bad_statistic, {at.where, at.token}, std::move(message));
  }

  void variance(StatisticShape& shape, const Expr& e) {
    const auto shift = static_cast<uint8_t>(e.value);
    // None at first is no declaration: the next one decides for all.
    if (shape.bit_shift != 0 && shape.bit_shift != shift)
      return fault(e,
                   fmt::format("conflicting bit shifts declared (previously {})", shape.bit_shift));
    shape.variance = true;
    shape.bit_shift = shift;
  }

  void histogram(StatisticShape& shape, const Expr& e, uint32_t global) {
    HistogramShape wanted;
    std::istringstream words(e.text);
    std::string kind;
    words >> kind;
    wanted.linear = kind == "linear";
    if (wanted.linear) words >> wanted.start >> wanted.stop >> wanted.width;
    // One that is too large is no fault for SystemTap before it runs: refuse_unexecutable() is.
    const bool possible = e.value >= kMinBuckets && e.value <= kMaxBuckets;
    wanted.buckets = possible ? static_cast<uint32_t>(e.value) : 0;
    if (!shape.histogram) {
      shape.histogram = wanted;
      return;
    }
    const HistogramShape& first = *shape.histogram;
    if (first.linear != wanted.linear || first.start != wanted.start || first.stop != wanted.stop ||
        first.width != wanted.width)
      fault(e, fmt::format("multiple histogram types declared on '{}'",
                           program_.globals[global].name));
  }

  sem::Program& program_;
  Diagnostics& diagnostics_;
};

}  // namespace

void collect_statistics(sem::Program& program, const SideTables&, Diagnostics& diagnostics) {
  StatisticCollector collector(program, diagnostics);
  sem::for_each_expr(program, [&](Expr*& e) { collector.expr(*e); });
}

}  // namespace stapd
