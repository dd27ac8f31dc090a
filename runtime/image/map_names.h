// Maps that are found by the names of their pins, without the image: it may be another build's.
#pragma once

namespace stapd {

constexpr char kRingPin[] = "ring";
constexpr char kStatePin[] = "state";
constexpr char kDoorbellPin[] = "doorbell";  // ProgramImage::doorbell

}  // namespace stapd
