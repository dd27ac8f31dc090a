#include "runtime/base/result.h"

#include <cerrno>
#include <cstring>

namespace stapd {
namespace {

ErrorCode code_of(int errnum) {
  switch (errnum) {
    case ENOENT:
    case ESRCH:
      return ErrorCode::not_found;
    case EEXIST:
      return ErrorCode::already_exists;
    case EPERM:
    case EACCES:
      return ErrorCode::permission_denied;
    case EINVAL:
      return ErrorCode::invalid_argument;
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorCode::unsupported;
    case EBUSY:
    case EAGAIN:
      return ErrorCode::busy;
    case E2BIG:
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
      return ErrorCode::limit;
    default:
      return ErrorCode::io;
  }
}

}  // namespace

tl::unexpected<Error> fail_errno(std::string_view what, int errnum) {
  return fail(code_of(errnum), fmt::format("{}: {}", what, std::strerror(errnum)));
}

tl::unexpected<Error> in_context(std::string_view what, const Error& error) {
  return fail(error.code, fmt::format("{}: {}", what, error.message));
}

}  // namespace stapd
