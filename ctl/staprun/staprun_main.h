// `staprun`: loads compiled scripts, attaches to the sessions that were left recording, removes
// them. Needs no daemon.
#pragma once

namespace stapd::ctl {

int staprun_main(int argc, char** argv);

}  // namespace stapd::ctl
