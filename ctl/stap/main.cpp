#include "ctl/stap/stap_main.h"

int main(int argc, char** argv) { return stapd::ctl::stap_main(argc, argv); }
