#include "translator/host/compile_here.h"

#include <filesystem>

#include "runtime/load/kernel_features.h"
#include "translator/resolve/read_running_kernel.h"

namespace stapd {
namespace {

// Of the build tree that this program was started from, or of the installation it belongs to: the
// folder and those in it, since the library looks into the folders it is given only.
std::vector<std::string> tapset_folders() {
  std::error_code error;
  std::filesystem::path bin = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const std::filesystem::path& folder :
       {bin / "../../../tapsets", bin / "../share/stapd/tapsets"})
    if (std::filesystem::is_directory(folder, error)) {
      std::vector<std::string> folders = {std::filesystem::canonical(folder, error)};
      for (const auto& entry : std::filesystem::directory_iterator(folders[0], error))
        if (entry.is_directory(error)) folders.push_back(entry.path());
      return folders;
    }
  return {};
}

void add_places(CompileOptions& options) {
  for (const std::string& folder : tapset_folders()) options.tapset_paths.push_back(folder);
  options.working_directory = std::filesystem::current_path();
}

}  // namespace

Result<CompileOutcome> inventory_here(CompileOptions options, Inventory inventory) {
  STAPD_ASSIGN(KernelInfo kernel, read_running_kernel({}));
  add_places(options);
  return take_inventory(options, kernel, inventory);
}

Result<CompileOutcome> compile_here(CompileOptions options, CompilePhase stop_after) {
  ReadKernelOptions read;
  read.with_config = options.script_text.find("CONFIG_") != std::string::npos;
  STAPD_ASSIGN(KernelInfo kernel, read_running_kernel(read));
  // What is only translated may be translated by anybody.
  if (stop_after == CompilePhase::generate) STAPD_TRY(probe_kernel_features(kernel.features));
  add_places(options);
  return compile(options, kernel, stop_after);
}

}  // namespace stapd
