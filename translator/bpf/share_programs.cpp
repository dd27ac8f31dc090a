#include "translator/bpf/share_programs.h"

#include "runtime/base/bytes.h"
#include "runtime/image/image_io.h"

namespace stapd::bpf {
namespace {

// What a program knows of a format: where values go, not what becomes of them.
void put_layout(ByteWriter& bytes, const RecordFormat& format) {
  bytes.put(format.has_time);
  bytes.put(format.fixed_size);
  bytes.put(static_cast<uint32_t>(format.fields.size()));
  for (const RecordField& field : format.fields) {
    bytes.put(field.kind);
    bytes.put(field.offset);
    bytes.put(field.size);
  }
}

}  // namespace

HandlerShape shape_of(const ir::Function& function, const ProgramImage& image) {
  HandlerShape shape;
  ir::Function nameless = function;
  nameless.name.clear();
  ByteWriter layouts;
  for (ir::Block& block : nameless.blocks)
    for (ir::Instr& instr : block.code) {
      if (instr.op != ir::Op::print && instr.op != ir::Op::raise) continue;
      put_layout(layouts, image.formats[instr.aux]);
      shape.formats.push_back(instr.aux);
      instr.aux = 0;
    }
  shape.bytes = encode_function(nameless) + layouts.take();
  return shape;
}

std::optional<uint32_t> cookie_of(const HandlerShape& made_of, const HandlerShape& other) {
  if (made_of.formats.size() != other.formats.size()) return std::nullopt;
  if (made_of.formats.empty()) return 0;
  uint32_t distance = other.formats[0] - made_of.formats[0];
  for (size_t i = 0; i < made_of.formats.size(); ++i)
    if (other.formats[i] - made_of.formats[i] != distance) return std::nullopt;
  return distance;
}

}  // namespace stapd::bpf
