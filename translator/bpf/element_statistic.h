// One element of a statistic array, merged over the CPUs into the stack of the function that walks
// over the array: what foreach sorts by.
#pragma once

#include <deque>

#include "runtime/image/program_image.h"
#include "translator/bpf/emitter.h"

namespace stapd::bpf {

class ElementStatistic {
 public:
  // Writes to `function`, of which `emit` is; its callbacks become functions of their own.
  ElementStatistic(const GlobalSpec& global, std::deque<Function>& functions, Function& function,
                   Emitter& emit)
      : global_(global), functions_(functions), function_(function), emit_(emit) {}

  // `key`: its address in the map.
  void merge(Reg key, bool with_variance);
  void load_insertion(Reg to);
  void load(ir::Iteration::Sort what, Reg to);

 private:
  uint32_t make_sums();
  uint32_t make_squares();
  void call_for_cpus(uint32_t callback);
  void finish_variance();
  void load_average(Reg to);
  Reg lookup(Emitter& emit, Reg call, Label none);

  const GlobalSpec& global_;
  std::deque<Function>& functions_;
  Function& function_;
  Emitter& emit_;
};

// value /= divisor, which is positive.
void divide_signed(Emitter& emit, Reg value, Reg divisor);
// sum += what the value of one CPU adds to the squares of deviations from the mean of all:
//   count * (mean - whole mean)^2 + (count - 1) * (m2 / (count - 1))
// `count` is that of `value`, above 0, and is lost; so is `mean`, the mean of all.
void add_squares(Emitter& emit, Reg sum, Reg value, Reg count, Reg mean);

}  // namespace stapd::bpf
