#include "translator/elaborate/program.h"

namespace stapd::sem {

const char* type_name(Type type) {
  switch (type) {
    case Type::unknown:
      return "unknown";
    case Type::integer:
      return "long";
    case Type::string:
      return "string";
    case Type::statistic:
      return "stats";
  }
  return "";
}

}  // namespace stapd::sem
