// a{sv} of a message, as plain values by name.
#pragma once

#include <map>
#include <string>

#include "ctl/client/bus.h"

namespace stapd::ctl {

class VariantMap {
 public:
  // Reads the next element of the message. Values of types that we do not use are left out.
  static Result<VariantMap> read(const BusMessage& message, const char* method);

  // What is not there, or of another type, is "", 0, false or empty.
  std::string text(const std::string& name) const;
  uint64_t number(const std::string& name) const;
  bool flag(const std::string& name) const { return number(name) != 0; }
  std::map<std::string, uint64_t> counts(const std::string& name) const;

 private:
  int read_value(sd_bus_message* message, const std::string& name);
  int read_counts(sd_bus_message* message, const std::string& name);

  std::map<std::string, std::string> texts_;
  std::map<std::string, uint64_t> numbers_;
  std::map<std::string, std::map<std::string, uint64_t>> counts_;
};

}  // namespace stapd::ctl
