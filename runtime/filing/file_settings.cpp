#include "runtime/filing/file_settings.h"

#include "runtime/base/clock.h"
#include "runtime/filing/filing_state.h"

namespace stapd {

Status check_file_path(const std::string& path) {
  if (!path.starts_with('/'))
    return fail(ErrorCode::invalid_argument, "an absolute path is needed");
  if (path.ends_with('/'))
    return fail(ErrorCode::invalid_argument, "a folder; a file's name is needed");
  if (path.size() >= kMaxFilePath)
    return failf(ErrorCode::limit, "a path of more than {} bytes", kMaxFilePath - 1);
  // So the files of a session are all in one folder, and can be found there again.
  if (path.rfind('%', path.rfind('/')) != std::string::npos)
    return fail(ErrorCode::unsupported,
                "strftime directives belong into the file's name, not into its folder");
  RotationOptions options;
  options.path = path;
  STAPD_TRY(rotated_name(options, 0, read_clocks().real));
  return {};
}

}  // namespace stapd
