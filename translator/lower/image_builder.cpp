#include "translator/lower/image_builder.h"

#include <algorithm>

#include "runtime/image/map_layout.h"
#include "runtime/record/record_layout.h"

namespace stapd {
namespace {

// Bytes of a field in the fixed part of its record.
uint32_t fixed_bytes(const RecordField& field) {
  bool has_length =
      field.kind == RecordField::Kind::text || field.kind == RecordField::Kind::memory;
  return has_length ? 2 : field.size;
}

}  // namespace

ir::Operand ImageBuilder::literal(const std::string& text) {
  auto [it, fresh] = literals_.try_emplace(text, static_cast<uint32_t>(image_.literals.size()));
  if (fresh) image_.literals.push_back(text);
  return ir::Operand::literal(it->second);
}

uint32_t ImageBuilder::place(SourceLocation where) {
  if (image_.source_map.empty()) image_.source_map.emplace_back();  // 0: no place
  if (where.line == 0) return 0;
  auto [it, fresh] = places_.try_emplace({where.file, where.line, where.column},
                                         static_cast<uint32_t>(image_.source_map.size()));
  if (fresh) {
    image_.source_map.push_back({file_name(where.file), where.line, where.column});
  }
  return it->second;
}

std::string ImageBuilder::file_name(FileId file) const {
  return options_.file_name ? options_.file_name(file) : "<input>";
}

std::string ImageBuilder::place_text(SourceLocation where) const {
  return fmt::format("{}:{}:{}", file_name(where.file), where.line, where.column);
}

// Widest fields first, so that each is aligned without holes.
Result<uint32_t> ImageBuilder::add_format(RecordFormat format, SourceLocation where) {
  format.has_time = options_.record_time;
  std::vector<size_t> order(format.fields.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::min(8u, fixed_bytes(format.fields[a])) >
           std::min(8u, fixed_bytes(format.fields[b]));
  });
  uint32_t next = kHeaderSize + (format.has_time ? 8 : 0);
  for (size_t i : order) {
    format.fields[i].offset = static_cast<uint16_t>(next);
    next += fixed_bytes(format.fields[i]);
  }
  next = round_up_8(next);
  if (next > kMaxRecordSize)
    return failf(ErrorCode::limit, "{}: one print of {} bytes; a record holds {}",
                 place_text(where), next, kMaxRecordSize);
  format.fixed_size = static_cast<uint16_t>(next);
  if (image_.formats.size() > 0xffff)
    return failf(ErrorCode::limit, "{}: more than 65535 prints", place_text(where));
  image_.formats.push_back(std::move(format));
  return static_cast<uint32_t>(image_.formats.size() - 1);
}

}  // namespace stapd
