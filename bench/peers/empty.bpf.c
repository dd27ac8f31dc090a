// The zero of the bench: a program that does nothing, on the same hooks as the others.
#include "bench/peers/peer.h"

PEER_PROGRAMS(0);
