// How an operation says that it did not work. Script faults do not travel this way: they are
// collected by translator/source/diagnostics.h.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace stapd {

enum class ErrorCode {
  invalid_argument,  // the caller's input is wrong
  not_found,
  already_exists,
  permission_denied,
  unsupported,  // the kernel or the host lacks something; the message names it
  io,
  corrupt,  // foreign bytes that do not hold what they promise
  busy,
  limit,     // a limit of ours or of the host is reached
  internal,  // a bug of ours, e.g. a program that the verifier refuses
};

// `message` is one line for a person, without a trailing full stop or newline.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

template <class... Args>
tl::unexpected<Error> failf(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return fail(code, fmt::format(format, std::forward<Args>(args)...));
}

// An Error for `errnum` as the kernel gave it: "what: No such file or directory".
tl::unexpected<Error> fail_errno(std::string_view what, int errnum);

// Puts what was being done before an error's message: "what: message".
tl::unexpected<Error> in_context(std::string_view what, const Error& error);

}  // namespace stapd

// Returns the error of `expr` (a Result) from the surrounding function.
#define STAPD_TRY(expr)                                                                   \
  do {                                                                                    \
    if (auto stapd_try_ = (expr); !stapd_try_) return tl::unexpected(stapd_try_.error()); \
  } while (false)

#define STAPD_CONCAT_(a, b) a##b
#define STAPD_CONCAT(a, b) STAPD_CONCAT_(a, b)

// `STAPD_ASSIGN(auto x, f())`: declares x from the value of f(), or returns its error.
#define STAPD_ASSIGN(decl, expr)                                          \
  auto STAPD_CONCAT(stapd_result_, __LINE__) = (expr);                    \
  if (!STAPD_CONCAT(stapd_result_, __LINE__))                             \
    return tl::unexpected(STAPD_CONCAT(stapd_result_, __LINE__).error()); \
  decl = std::move(*STAPD_CONCAT(stapd_result_, __LINE__))
