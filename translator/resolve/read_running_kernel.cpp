#include "translator/resolve/read_running_kernel.h"

#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "translator/arch/machine.h"
#include "translator/resolve/file_bytes.h"

namespace stapd {
namespace {

constexpr size_t kMostConfig = 16u << 20;  // a distribution's has 0.3 MB
constexpr size_t kMostPackedConfig = 4u << 20;

Result<std::string> inflate(std::string_view packed) {
  z_stream stream = {};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
    return fail(ErrorCode::internal, "cannot set up zlib");
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int status = Z_OK;
  while (status == Z_OK && text.size() < kMostConfig) {
    size_t size = text.size();
    text.resize(size + std::max<size_t>(512 * 1024, size));
    stream.next_out = reinterpret_cast<Bytef*>(text.data()) + size;
    stream.avail_out = static_cast<uInt>(text.size() - size);
    status = ::inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorCode::corrupt, "does not unpack");
  return text;
}

// CONFIG_HZ without the configuration: the coarse clocks advance once a tick.
uint32_t read_hz() {
  timespec tick = {};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_sec != 0 || tick.tv_nsec <= 0) {
    return KernelInfo().hz;
  }
  return static_cast<uint32_t>((1'000'000'000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void find_tracefs(KernelInfo& info, const std::string& root) {
  info.tracefs_path = root + "/sys/kernel/tracing";
  std::string of_old = root + "/sys/kernel/debug/tracing";
  if (!exists(info.tracefs_path + "/events") && exists(of_old + "/events")) {
    info.tracefs_path = of_old;
  }
  info.features.tracepoint_events = exists(info.tracefs_path + "/events/syscalls");
}

}  // namespace

std::map<std::string, std::string> parse_kernel_config(std::string_view text) {
  std::map<std::string, std::string> config;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    size_t equals = line.find('=');
    if (!line.starts_with("CONFIG_") || equals == std::string_view::npos) continue;
    std::string_view value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    config.emplace(line.substr(0, equals), value);
  }
  return config;
}

std::map<std::string, std::string> read_kernel_config(const std::string& release,
                                                      const std::string& root) {
  if (auto packed = read_kernel_file(root + "/proc/config.gz", kMostPackedConfig)) {
    if (auto text = inflate(*packed)) return parse_kernel_config(*text);
  }
  auto text = read_kernel_file(root + "/boot/config-" + release, kMostConfig);
  return text ? parse_kernel_config(*text) : std::map<std::string, std::string>();
}

uint32_t parse_cpu_count(std::string_view list) {
  constexpr uint32_t kMostCpus = 1u << 20;
  uint32_t count = 0;
  while (!list.empty() && list.front() >= '0' && list.front() <= '9') {
    uint32_t number = 0;
    auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), number);
    if (error != std::errc() || number >= kMostCpus) return 0;
    count = std::max(count, number + 1);
    list.remove_prefix(static_cast<size_t>(end - list.data()));
    if (list.empty() || (list.front() != '-' && list.front() != ',')) break;
    list.remove_prefix(1);
  }
  return list.empty() || list == "\n" ? count : 0;
}

Result<KernelInfo> read_running_kernel(const ReadKernelOptions& options) {
  KernelInfo info;
  utsname name = {};
  if (::uname(&name) != 0) return fail_errno("uname", errno);
  info.release = name.release;
  info.machine = name.machine;
  if (!arch::find_machine(info.machine)) {
    return failf(ErrorCode::unsupported, "programs for a machine of type {} cannot be made",
                 info.machine);
  }
  info.btf_path = options.root + "/sys/kernel/btf/vmlinux";
  find_tracefs(info, options.root);
  if (options.with_config) info.config = read_kernel_config(info.release, options.root);
  if (auto list = read_kernel_file(options.root + "/sys/devices/system/cpu/possible")) {
    info.possible_cpus = parse_cpu_count(*list);
  }
  if (info.possible_cpus == 0) return fail(ErrorCode::io, "the number of CPUs is not known");
  info.page_size = static_cast<uint32_t>(::sysconf(_SC_PAGESIZE));
  info.hz = read_hz();
  return info;
}

}  // namespace stapd
