#include "translator/lower/lower.h"

#include <array>

#include "runtime/image/ir_text.h"
#include "translator/lower/condition_table.h"
#include "translator/lower/function_lowering.h"
#include "translator/lower/image_builder.h"
#include "translator/lower/lay_out_globals.h"
#include "translator/lower/lay_out_regexes.h"

namespace stapd {
namespace {

RecordFormat one_text(RecordChannel channel) {
  RecordFormat format;
  format.channel = channel;
  format.fields = {{RecordField::Kind::text, 0, 2, "text"}};
  FormatPiece piece;
  piece.conversion = FormatPiece::Conversion::string;
  piece.value = {FormatPiece::Source::Kind::field, 0, ""};
  format.pieces = {piece};
  return format;
}

Status add_fixed_formats(ImageBuilder& builder) {
  RecordFormat heartbeat;
  heartbeat.channel = RecordChannel::heartbeat;
  RecordFormat skipped;
  skipped.channel = RecordChannel::error;
  skipped.pieces.emplace_back();
  skipped.pieces[0].text =
      "Skipped too many probes, check MAXSKIPPED or try again with stap -t for more details.";
  for (RecordFormat& format : std::array{one_text(RecordChannel::output),
                                         one_text(RecordChannel::notice), heartbeat, skipped})
    if (auto id = builder.add_format(format, {}); !id) return tl::unexpected(id.error());
  return {};
}

}  // namespace

Result<ProgramImage> lower(const sem::Program& program, const LowerOptions& options) {
  ProgramImage image;
  image.limits = program.limits;
  lay_out_globals(program, image);
  STAPD_TRY(lay_out_regexes(program, image));
  if (!options.show_globals_at_end)
    for (GlobalSpec& global : image.globals) global.show_at_end = false;
  ImageBuilder builder(program, options, image);
  STAPD_TRY(add_fixed_formats(builder));
  // Functions have the index that calls name them by; handlers come behind.
  for (const sem::Function& function : program.functions) {
    ir::Function lowered;
    STAPD_TRY(FunctionLowering(builder, lowered).lower_function(function));
    image.functions.push_back(std::move(lowered));
  }
  ConditionTable conditions(builder);
  for (const sem::Probe& probe : program.probes) {
    STAPD_ASSIGN(std::optional<uint32_t> condition, conditions.find_or_add(probe));
    ir::Function lowered;
    lowered.name = probe.spec.point;
    size_t first_format = image.formats.size();
    STAPD_TRY(FunctionLowering(builder, lowered).lower_handler(probe));
    uint32_t index = static_cast<uint32_t>(image.probes.size());
    for (size_t i = first_format; i < image.formats.size(); ++i) image.formats[i].probe = index;
    ProbeSpec spec = probe.spec;
    spec.handler = static_cast<uint32_t>(image.functions.size());
    spec.where = builder.place(probe.where);
    spec.condition = condition;
    image.probes.push_back(std::move(spec));
    image.functions.push_back(std::move(lowered));
  }
  builder.place({});
  for (const ir::Function& function : image.functions) STAPD_TRY(ir::check(function, image));
  return image;
}

}  // namespace stapd
