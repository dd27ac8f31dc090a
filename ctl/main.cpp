// One program under several names: the one it is started by decides.
#include <fcntl.h>

#include <string_view>

#include "ctl/stap/stap_main.h"
#include "ctl/stapctl/stapctl_main.h"
#include "ctl/staprun/staprun_main.h"

namespace {

// Whoever starts us with one of these closed gets an error for writing there, not what we happened
// to open in its place.
void occupy_standard_files() {
  for (int fd : {0, 1, 2})
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_files();
  std::string_view name = argc > 0 ? file_name(argv[0]) : "";
  if (name == "stap") return stapd::ctl::stap_main(argc, argv);
  if (name == "staprun") return stapd::ctl::staprun_main(argc, argv);
  return stapd::ctl::stapctl_main(argc, argv);
}
