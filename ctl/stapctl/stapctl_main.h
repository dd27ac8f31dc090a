// `stapctl`: reads and steers the sessions of a stapd.
#pragma once

namespace stapd::ctl {

int stapctl_main(int argc, char** argv);

}  // namespace stapd::ctl
