#include "translator/resolve/debug_data.h"

#include <lzma.h>

namespace stapd {
namespace {

// Real ones hold some 100 KB. What is compressed a thousandfold is meant to hurt us.
constexpr size_t kMostImage = 64u << 20;
constexpr uint64_t kMostMemory = 128u << 20;

class XzStream {
 public:
  ~XzStream() { ::lzma_end(&stream_); }
  lzma_stream* get() { return &stream_; }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

Result<std::string> read_debug_data(const ElfFile& file) {
  std::string_view packed = section_bytes(find_section(file.handle(), ".gnu_debugdata"));
  std::string image;
  if (packed.empty()) return image;

  XzStream xz;
  lzma_stream& stream = *xz.get();
  if (::lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) {
    return fail(ErrorCode::internal, "cannot set up xz");
  }
  stream.next_in = reinterpret_cast<const uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    size_t size = image.size();
    if (size >= kMostImage) {
      return failf(ErrorCode::limit, "{}: .gnu_debugdata is too large", file.path());
    }
    image.resize(size + std::max<size_t>(64 * 1024, size));
    stream.next_out = reinterpret_cast<uint8_t*>(image.data()) + size;
    stream.avail_out = image.size() - size;
    status = ::lzma_code(&stream, LZMA_FINISH);
    image.resize(image.size() - stream.avail_out);
  }
  if (status == LZMA_STREAM_END) return image;
  return failf(ErrorCode::corrupt, "{}: .gnu_debugdata does not unpack", file.path());
}

}  // namespace stapd
