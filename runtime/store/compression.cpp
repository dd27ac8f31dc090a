#include "runtime/store/compression.h"

#include <zstd.h>

#include "runtime/base/check.h"

namespace stapd {

struct Compressor::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  ~Context() { ZSTD_freeCCtx(zstd); }
};

Compressor::Compressor(int level) : context_(std::make_unique<Context>()) {
  STAPD_CHECK(context_->zstd);
  ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, level);
}

Compressor::~Compressor() = default;

std::string Compressor::compress(std::string_view bytes, const std::vector<size_t>& cuts) {
  constexpr size_t kBlockOverhead = 32;
  std::string frame(ZSTD_compressBound(bytes.size()) + kBlockOverhead * (cuts.size() + 1), '\0');
  ZSTD_CCtx_reset(context_->zstd, ZSTD_reset_session_only);
  ZSTD_CCtx_setPledgedSrcSize(context_->zstd, bytes.size());
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  size_t start = 0;
  for (size_t part = 0; part <= cuts.size(); ++part) {
    bool last = part == cuts.size();
    size_t end = last ? bytes.size() : cuts[part];
    STAPD_CHECK(start <= end && end <= bytes.size());
    ZSTD_inBuffer in{bytes.data() + start, end - start, 0};
    size_t left = ZSTD_compressStream2(context_->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_flush);
    STAPD_CHECK(left == 0);  // an error, or a buffer that is too small
    start = end;
  }
  frame.resize(out.pos);
  return frame;
}

Result<std::string> decompress_untrusted(std::string_view frame, size_t size) {
  // A frame that says how large its content is must say the same.
  unsigned long long said = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != size)
    return fail(ErrorCode::corrupt, "compressed data of another size");
  std::string bytes(size, '\0');
  size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size)
    return fail(ErrorCode::corrupt, "compressed data that cannot be unpacked");
  return bytes;
}

}  // namespace stapd
