// The parts of an image that all functions share, while it is being lowered: literals, formats,
// tables and places in the source, each stored once.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "translator/lower/lower.h"

namespace stapd {

class ImageBuilder {
 public:
  ImageBuilder(const sem::Program& program, const LowerOptions& options, ProgramImage& image)
      : program_(program), options_(options), image_(image) {}

  ir::Operand literal(const std::string& text);
  uint32_t place(SourceLocation where);
  // "file:line:column"
  std::string place_text(SourceLocation where) const;
  // Adds a format after giving its fields offsets and its record a size.
  Result<uint32_t> add_format(RecordFormat format, SourceLocation where);

  const sem::Program& program() const { return program_; }
  const LowerOptions& options() const { return options_; }
  ProgramImage& image() { return image_; }

 private:
  std::string file_name(FileId file) const;

  const sem::Program& program_;
  const LowerOptions& options_;
  ProgramImage& image_;
  std::map<std::string, uint32_t> literals_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> places_;
};

}  // namespace stapd
