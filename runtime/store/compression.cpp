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
  size_t room = ZSTD_compressBound(bytes.size()) + kBlockOverhead * (cuts.size() + 1);
  if (frame_.size() < room) frame_.resize(room);
  ZSTD_CCtx_reset(context_->zstd, ZSTD_reset_session_only);
  ZSTD_CCtx_setPledgedSrcSize(context_->zstd, bytes.size());
  ZSTD_outBuffer out{frame_.data(), frame_.size(), 0};
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
  return frame_.substr(0, out.pos);
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

Result<std::string> decompress_start_untrusted(std::string_view frame, size_t size) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd(ZSTD_createDCtx(), ZSTD_freeDCtx);
  STAPD_CHECK(zstd);
  std::string bytes(size, '\0');
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
  while (out.pos < out.size) {
    size_t before = in.pos + out.pos;
    size_t left = ZSTD_decompressStream(zstd.get(), &out, &in);
    if (ZSTD_isError(left) || in.pos + out.pos == before)
      return fail(ErrorCode::corrupt, "compressed data that cannot be unpacked");
  }
  return bytes;
}

}  // namespace stapd
