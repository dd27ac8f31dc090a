// The journal explains every kind of message: units/stapd.catalog.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "stapd/host/log.h"

namespace stapd {
namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(STAPD_SOURCE_DIR "/" + path).rdbuf();
  return text.str();
}

// The numbers of 32 hexadecimal digits in a text.
std::multiset<std::string> ids_in(const std::string& text) {
  std::multiset<std::string> ids;
  constexpr size_t kDigits = 32;
  constexpr const char* kHex = "0123456789abcdef";
  for (size_t at = 0; (at = text.find_first_of(kHex, at)) != std::string::npos;) {
    size_t end = std::min(text.find_first_not_of(kHex, at), text.size());
    if (end - at == kDigits) ids.insert(text.substr(at, kDigits));
    at = end;
  }
  return ids;
}

TEST(MessageIds, EachIsInTheCatalogOnce) {
  std::multiset<std::string> ids = ids_in(text_of("stapd/host/log.h"));
  EXPECT_GT(ids.size(), 5u);
  EXPECT_EQ(ids.count(message_id::kRefused), 1u);
  EXPECT_EQ(ids, ids_in(text_of("units/stapd.catalog")));
}

}  // namespace
}  // namespace stapd
