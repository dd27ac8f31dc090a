// Statistics: what @count(x), @hist_log(x) and the like are of.
#include "translator/elaborate/bind_body.h"

namespace stapd {

using sem::Expr;
using Kind = sem::Expr::Kind;

namespace {

constexpr int64_t kLogBuckets = 128;

// Buckets of @hist_linear: those of the range, and one below and one above it.
int64_t bucket_count(const ast::Histogram& e) {
  if (!e.linear) return kLogBuckets;
  if (e.width == 0) return 0;
  return (e.stop - e.start) / e.width + 3;
}

}  // namespace

// A global or an element of an array.
Expr* BodyBinder::bind_statistic_variable(const ast::Expr& e) {
  if (const auto* name = ast::maybe<ast::Name>(&e)) {
    Expr* variable = bind_name(*name);
    if (variable->kind != Kind::local) return variable;
    return make_unresolved(e.token, DiagnosticKind::stat_local,
                           "stat locals not supported, missing global declaration? ");
  }
  if (const auto* index = ast::maybe<ast::Index>(&e);
      index && index->base->kind == ast::ExprKind::name)
    return bind_index(*index, false);
  Expr* bound = bind(e);
  if (bound->kind == Kind::unresolved) return bound;
  return make_unresolved(e.token, DiagnosticKind::not_statistic,
                         "Expecting symbol or array index expression");
}

Expr* BodyBinder::bind_statistic(const ast::Statistic& e) {
  static constexpr ir::StatField kFields[] = {ir::StatField::count,   ir::StatField::sum,
                                              ir::StatField::min,     ir::StatField::max,
                                              ir::StatField::average, ir::StatField::variance};
  Expr* variable = bind_statistic_variable(*e.statistic);
  if (e.bit_shift && (*e.bit_shift < 0 || *e.bit_shift > 62))
    fault(DiagnosticKind::bad_statistic, e.token,
          fmt::format("bit shift ({}) out of range <0..62>", *e.bit_shift));
  Expr* stat = make(Kind::stat, e.token);
  stat->field = kFields[static_cast<size_t>(e.op)];
  stat->value = e.bit_shift.value_or(0);
  stat->args = {variable};
  return stat;
}

// `value`: buckets; `text`: "log", or "linear start stop width" for the shape of the global.
Expr* BodyBinder::bind_histogram(const ast::Histogram& e) {
  Expr* histogram = make(Kind::histogram, e.token);
  histogram->value = bucket_count(e);
  histogram->text =
      e.linear ? fmt::format("linear {} {} {}", e.start, e.stop, e.width) : std::string("log");
  histogram->args = {bind_statistic_variable(*e.statistic)};
  return histogram;
}

Expr* BodyBinder::bind_bucket(const ast::Index& e) {
  const Expr* histogram = bind_histogram(ast::as<ast::Histogram>(*e.base));
  if (e.keys.size() != 1 || !e.keys[0])
    fault(DiagnosticKind::bad_statistic, e.token, "Invalid indexing of histogram");
  Expr* bucket = make(Kind::bucket, e.token);
  bucket->value = histogram->value;
  bucket->text = histogram->text;
  Expr* index = e.keys[0] ? bind(*e.keys[0]) : make_integer(0, e.token);
  bucket->args = {histogram->args[0], index};
  return bucket;
}

// `i in @hist_log(x)`: whether there is such a bucket.
Expr* BodyBinder::bind_in_histogram(const ast::In& e, const ast::Histogram& histogram) {
  const Expr* shape = bind_histogram(histogram);
  if (e.keys.size() != 1 || !e.keys[0])
    fault(DiagnosticKind::bad_statistic, e.token, "Invalid indexing of histogram");
  // The bucket itself is read, so that the global keeps its histogram, and its count is not: an
  // unsigned comparison of the index says all.
  Expr* in = make(Kind::compare, e.token);
  in->comparison = ir::Compare::ult;
  in->args = {e.keys[0] ? bind(*e.keys[0]) : make_integer(0, e.token),
              make_integer(shape->value, e.token)};
  return in;
}

}  // namespace stapd
