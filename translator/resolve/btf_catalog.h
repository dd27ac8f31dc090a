// The types of a kernel and of its modules, opened when they are first needed and freed with the
// catalog. One catalog serves one compile: it is not safe for threads, and Types point into it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "translator/resolve/btf_names.h"
#include "translator/resolve/btf_type.h"

namespace stapd::btf {

class Catalog {
 public:
  // Modules' BTF is in the same folder: /sys/kernel/btf/NAME beside /sys/kernel/btf/vmlinux.
  explicit Catalog(std::string path) : path_(std::move(path)) {}
  // For tests: the kernel's BTF given as bytes.
  static Catalog from_bytes(std::string bytes);
  Catalog(Catalog&&) = default;

  // Says why there are no types. All the finders call it and find nothing when it fails, so asking
  // is only needed for the message. The outcome is remembered.
  Status open();

  // Adds a module's types to what is searched. Again: nothing.
  Status open_module(const std::string& name);
  Status add_module_bytes(const std::string& name, std::string bytes);
  std::vector<std::string> available_modules() const;

  // The first type of this name in the kernel, else in the open modules, in order of opening.
  Type find(std::string_view name, Kinds kinds);

  // As @cast names types: "struct x", "union x", "enum x", or just "x" for any of them, a typedef
  // or a basic type ("unsigned long" as well as BTF's own "long unsigned int").
  Type find_type(std::string_view name);
  Type find_function(std::string_view name) { return find(name, kind_set(Kind::function)); }

  // The structure or union that a forward declaration stands for; other types as they are.
  Type completed(Type type);

  // The value of an enumerator of any enumeration.
  std::optional<Enumerator> find_enumerator(std::string_view name);

  // Every type of these kinds whose name starts with `prefix`, by id.
  void for_each(Kinds kinds, std::string_view prefix, const std::function<void(Type)>& visit);

 private:
  struct Part {
    std::unique_ptr<const Blob> blob;
    Names names;
    std::string module;  // "" for the kernel
    explicit Part(std::unique_ptr<const Blob> b, std::string m)
        : blob(std::move(b)), names(*blob), module(std::move(m)) {}
  };
  Status adopt(FileBytes bytes, const std::string& module);
  std::string module_folder() const;

  std::string path_;
  std::optional<Status> opened_;
  std::vector<std::unique_ptr<Part>> parts_;  // the kernel's first
};

}  // namespace stapd::btf
