// Images of any bytes, behind a right checksum: refused, or valid and written back the same.
#include <cstring>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/crc32c.h"
#include "runtime/image/image_io.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stapd;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  ByteWriter head, bytes;
  head.put(kImageVersion);
  head.put(static_cast<uint64_t>(size));
  uint32_t sum = crc32c(body, crc32c(head.take()));
  bytes.put_raw("STAPDIMG");
  bytes.put(kImageVersion);
  bytes.put(sum);
  bytes.put(static_cast<uint64_t>(size));
  bytes.put_raw(body);
  std::string all = bytes.take();
  auto image = decode_image_untrusted(all);
  if (image) STAPD_CHECK(encode_image(*image) == all);
  return 0;
}
