// What code reads, writes and does: the base of everything that removes code.
#pragma once

#include <vector>

#include "translator/elaborate/program_builder.h"

namespace stapd {

// What calling a function can do to others.
struct FunctionEffects {
  bool acts = false;         // prints, raises errors, runs C code, or leaves the session
  std::vector<bool> writes;  // by global
  std::vector<bool> reads;   // by global
  bool is_pure() const;
};

class Usage {
 public:
  // Of the whole program, calls included; only what probes can reach counts.
  Usage(const sem::Program& program, const SideTables& side);

  const FunctionEffects& effects(uint32_t function) const { return functions_[function]; }
  // Of the function's own code alone.
  const FunctionEffects& direct_effects(uint32_t function) const { return direct_[function]; }
  bool is_reached(uint32_t function) const { return reached_[function]; }
  bool reads_global(uint32_t global) const { return global_read_[global]; }
  bool writes_global(uint32_t global) const { return global_written_[global]; }

  // True when evaluating the expression changes nothing that outlives it.
  bool is_pure(const sem::Expr& expr) const;

 private:
  void collect_direct(const sem::Program& program, const SideTables& side);
  void close_over_calls();
  void mark_reached(const sem::Program& program);

  std::vector<FunctionEffects> functions_, direct_;
  std::vector<std::vector<uint32_t>> calls_;  // function -> functions
  std::vector<bool> reached_, global_read_, global_written_;
};

// Which locals of a body are read, by index: what is only read to compute a local that is not read
// itself does not count. A compound assignment reads its target.
std::vector<bool> read_locals(sem::Stmt* body, sem::Expr* condition, size_t locals,
                              const Usage& usage);

}  // namespace stapd
