// `stap`: SystemTap's command line. Needs no daemon.
#pragma once

namespace stapd::ctl {

int stap_main(int argc, char** argv);

}  // namespace stapd::ctl
