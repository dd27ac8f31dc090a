#include "ctl/client/variant_map.h"

#include <systemd/sd-bus.h>

#include <string_view>

namespace stapd::ctl {
namespace {

template <class Map>
typename Map::mapped_type value_or_empty(const Map& map, const std::string& name) {
  auto found = map.find(name);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

}  // namespace

Result<VariantMap> VariantMap::read(const BusMessage& message, const char* method) {
  VariantMap map;
  sd_bus_message* m = message.get();
  int error = sd_bus_message_enter_container(m, 'a', "{sv}");
  while (error > 0 && (error = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
    const char* name = nullptr;
    error = sd_bus_message_read_basic(m, 's', &name);
    if (error > 0) error = map.read_value(m, name);
    if (error >= 0) error = sd_bus_message_exit_container(m);
  }
  if (error >= 0) error = sd_bus_message_exit_container(m);
  if (error < 0) return strange_reply(method);
  return map;
}

int VariantMap::read_value(sd_bus_message* m, const std::string& name) {
  const char* contents = nullptr;
  int error = sd_bus_message_peek_type(m, nullptr, &contents);
  if (error <= 0) return error < 0 ? error : -EBADMSG;
  std::string_view type = contents;
  if (type != "s" && type != "t" && type != "u" && type != "b" && type != "a{st}")
    return sd_bus_message_skip(m, "v");
  error = sd_bus_message_enter_container(m, 'v', contents);
  if (error < 0) return error;
  if (type == "s") {
    const char* text = nullptr;
    error = sd_bus_message_read_basic(m, 's', &text);
    if (error > 0) texts_[name] = text;
  } else if (type == "t") {
    error = sd_bus_message_read_basic(m, 't', &numbers_[name]);
  } else if (type == "u") {
    uint32_t number = 0;
    error = sd_bus_message_read_basic(m, 'u', &number);
    numbers_[name] = number;
  } else if (type == "b") {
    int flag = 0;
    error = sd_bus_message_read_basic(m, 'b', &flag);
    numbers_[name] = static_cast<uint64_t>(flag);
  } else {
    error = read_counts(m, name);
  }
  return error < 0 ? error : sd_bus_message_exit_container(m);
}

int VariantMap::read_counts(sd_bus_message* m, const std::string& name) {
  int error = sd_bus_message_enter_container(m, 'a', "{st}");
  const char* key = nullptr;
  uint64_t count = 0;
  while (error > 0 && (error = sd_bus_message_read(m, "{st}", &key, &count)) > 0)
    counts_[name][key] = count;
  return error < 0 ? error : sd_bus_message_exit_container(m);
}

std::string VariantMap::text(const std::string& name) const { return value_or_empty(texts_, name); }
uint64_t VariantMap::number(const std::string& name) const {
  return value_or_empty(numbers_, name);
}
std::map<std::string, uint64_t> VariantMap::counts(const std::string& name) const {
  return value_or_empty(counts_, name);
}

}  // namespace stapd::ctl
