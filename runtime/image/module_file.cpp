#include "runtime/image/module_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "runtime/base/bytes.h"
#include "runtime/image/image_io.h"

namespace stapd {
namespace {

// 8 bytes of magic, u32 version, the fields in their order, the image as image_io.h has it, which
// has its own version and checksum.
constexpr std::string_view kMagic = "STAPDMOD";
constexpr uint32_t kVersion = 1;

Result<int64_t> parse_integer(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  // SystemTap's numbers are 64 bits, whatever their sign.
  int64_t value = text.starts_with('-')
                      ? std::strtoll(text.c_str(), &end, 0)
                      : static_cast<int64_t>(std::strtoull(text.c_str(), &end, 0));
  if (errno != 0 || text.empty() || *end != '\0')
    return failf(ErrorCode::invalid_argument, "'{}' is not a number", text);
  return value;
}

}  // namespace

std::string encode_module(const ModuleFile& module) {
  ByteWriter out;
  out.put_raw(kMagic);
  out.put(kVersion);
  out.put_string(module.kernel_release);
  out.put_string(module.kernel_types);
  out.put(static_cast<uint32_t>(module.files.size()));
  for (const ModuleFile::ProbedFile& file : module.files) {
    out.put_string(file.path);
    out.put(file.size);
    out.put(file.modified_ns);
  }
  out.put(static_cast<uint8_t>(module.bulk));
  out.put_string(encode_image(module.image));
  return out.take();
}

Result<ModuleFile> decode_module_untrusted(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get_raw(kMagic.size()) != kMagic)
    return fail(ErrorCode::corrupt, "this is no compiled script");
  if (uint32_t version = in.get<uint32_t>(); in.ok() && version != kVersion)
    return failf(ErrorCode::unsupported, "a compiled script of version {}; this build has {}",
                 version, kVersion);
  ModuleFile module;
  module.kernel_release = in.get_string();
  module.kernel_types = in.get_string();
  for (uint32_t left = in.get<uint32_t>(); left > 0 && in.ok(); --left) {
    ModuleFile::ProbedFile file;
    file.path = in.get_string();
    file.size = in.get<uint64_t>();
    file.modified_ns = in.get<uint64_t>();
    module.files.push_back(std::move(file));
  }
  module.bulk = in.get<uint8_t>() != 0;
  std::string_view image = in.get_string();
  if (!in.ok() || in.left() > 0)
    return fail(ErrorCode::corrupt, "this compiled script is cut short or damaged");
  STAPD_ASSIGN(module.image, decode_image_untrusted(image));
  return module;
}

Status assign_global(ProgramImage& image, const std::string& name, const std::string& value) {
  auto global = std::find_if(image.globals.begin(), image.globals.end(),
                             [&](const GlobalSpec& one) { return one.name == name; });
  if (global == image.globals.end())
    return failf(ErrorCode::not_found, "the script has no global '{}' whose value matters", name);
  if (global->is_array || global->kind == ValueKind::statistic)
    return failf(ErrorCode::invalid_argument,
                 "global '{}' is {}: only numbers and strings can be set", name,
                 global->is_array ? "an array" : "a statistic");
  if (global->kind == ValueKind::integer) {
    Result<int64_t> number = parse_integer(value);
    if (!number) return in_context("global '" + name + "'", number.error());
    global->init = *number;
    return {};
  }
  if (value.size() >= global->capacity)
    return failf(ErrorCode::limit, "global '{}' has room for {} bytes", name, global->capacity - 1);
  global->init_text = value;
  return {};
}

}  // namespace stapd
