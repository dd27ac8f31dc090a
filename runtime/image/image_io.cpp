#include "runtime/image/image_io.h"

#include "runtime/base/bytes.h"
#include "runtime/base/crc32c.h"
#include "runtime/image/image_fields.h"

namespace stapd {
namespace {

// 8 bytes of magic, u32 version, u32 checksum, u64 length of the body, body. The checksum is of
// version, length and body.
constexpr std::string_view kMagic = "STAPDIMG";
constexpr size_t kHeaderBytes = 8 + 4 + 4 + 8;

template <class T>
concept Scalar = std::is_integral_v<T> || std::is_enum_v<T>;

class Encoder {
 public:
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }
  std::string take() { return bytes_.take(); }

 private:
  void put(Scalar auto value) { bytes_.put(value); }
  void put(const std::string& text) { bytes_.put_string(text); }
  template <class T>
  void put(const std::vector<T>& items) {
    bytes_.put(static_cast<uint32_t>(items.size()));
    for (const T& item : items) put(item);
  }
  template <class T, size_t N>
  void put(const std::array<T, N>& items) {
    for (const T& item : items) put(item);
  }
  template <class T>
  void put(const std::optional<T>& item) {
    bytes_.put(item.has_value());
    if (item) put(*item);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& pair) {
    put(pair.first);
    put(pair.second);
  }
  template <class T>
  requires std::is_class_v<T>
  void put(const T& item) { visit_fields(*this, item); }

  ByteWriter bytes_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... fields) {
    (get(fields), ...);
  }
  bool ok() const { return bytes_.ok(); }
  bool at_end() const { return bytes_.left() == 0; }

 private:
  void get(bool& value) {
    uint8_t byte = bytes_.get<uint8_t>();
    if (byte > 1) bytes_.mark_bad();
    value = byte == 1;
  }
  template <class T>
  requires std::is_integral_v<T>
  void get(T& value) { value = bytes_.get<T>(); }
  template <class T>
  requires std::is_enum_v<T>
  void get(T& value) {
    value = bytes_.get<T>();
    if (value > kLast<T>) {
      bytes_.mark_bad();
      value = T{};
    }
  }
  void get(std::string& text) { text = bytes_.get_string(); }
  template <class T>
  void get(std::vector<T>& items) {
    // Every element takes a byte at least: a count beyond that is a lie, and allocates nothing.
    uint32_t count = bytes_.get<uint32_t>();
    if (count > bytes_.left()) bytes_.mark_bad();
    for (uint32_t i = 0; i < count && bytes_.ok(); ++i) get(items.emplace_back());
  }
  template <class T, size_t N>
  void get(std::array<T, N>& items) {
    for (T& item : items) get(item);
  }
  template <class T>
  void get(std::optional<T>& item) {
    bool present = false;
    get(present);
    if (present) get(item.emplace());
  }
  template <class A, class B>
  void get(std::pair<A, B>& pair) {
    get(pair.first);
    get(pair.second);
  }
  template <class T>
  requires std::is_class_v<T>
  void get(T& item) { visit_fields(*this, item); }

  ByteReader bytes_;
};

uint32_t checksum(uint32_t version, std::string_view body) {
  ByteWriter head;
  head.put(version);
  head.put(static_cast<uint64_t>(body.size()));
  return crc32c(body, crc32c(head.take()));
}

}  // namespace

std::string encode_image(const ProgramImage& image) {
  Encoder encoder;
  encoder(image);
  std::string body = encoder.take();
  ByteWriter out;
  out.put_raw(kMagic);
  out.put(kImageVersion);
  out.put(checksum(kImageVersion, body));
  out.put(static_cast<uint64_t>(body.size()));
  out.put_raw(body);
  return out.take();
}

std::string encode_function(const ir::Function& function) {
  Encoder encoder;
  encoder(function);
  return encoder.take();
}

Result<ProgramImage> decode_image_untrusted(std::string_view bytes) {
  ByteReader head(bytes.substr(0, kHeaderBytes));
  if (head.get_raw(kMagic.size()) != kMagic)
    return fail(ErrorCode::corrupt, "this is no program image");
  auto version = head.get<uint32_t>();
  auto sum = head.get<uint32_t>();
  auto length = head.get<uint64_t>();
  if (!head.ok()) return fail(ErrorCode::corrupt, "the program image is cut off");
  if (version != kImageVersion)
    return failf(ErrorCode::unsupported, "program image of version {}; this build reads version {}",
                 version, kImageVersion);
  std::string_view body = bytes.substr(kHeaderBytes);
  if (length != body.size())
    return failf(ErrorCode::corrupt, "the program image has {} bytes instead of {}", body.size(),
                 length);
  if (checksum(version, body) != sum)
    return fail(ErrorCode::corrupt, "the checksum of the program image is wrong");
  Decoder decoder(body);
  ProgramImage image;
  decoder(image);
  if (!decoder.ok() || !decoder.at_end())
    return fail(ErrorCode::corrupt, "the program image does not hold what it promises");
  STAPD_TRY(validate(image));
  return image;
}

}  // namespace stapd
