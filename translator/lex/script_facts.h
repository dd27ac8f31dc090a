// What %( conditions %) may ask. Plain facts: the preprocessor knows no kernel and no session.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stapd {

struct ScriptFacts {
  std::string kernel_release = "6.1.0";  // kernel_vr; kernel_v is it without what follows a '-'
  std::string architecture = "x86_64";
  std::string runtime = "kernel";
  std::string privilege = "stapdev";
  std::string language_version = "5.6";  // systemtap_v
  bool guru = false;
  std::map<std::string, std::string, std::less<>> config;  // CONFIG_X -> value; unset ones absent

  std::string_view kernel_version() const {
    return std::string_view(kernel_release).substr(0, kernel_release.find('-'));
  }
};

// Order of version texts: runs of digits compare as numbers, as in strverscmp().
int compare_versions(std::string_view a, std::string_view b);

}  // namespace stapd
