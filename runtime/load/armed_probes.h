// What keeps the probes of a session armed: links, each of which may be pinned. Probes with a
// condition come and go while the session records.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/load/attach.h"
#include "runtime/load/map_set.h"

namespace stapd {

class ArmedProbes {
 public:
  // Attaches all that the kernel runs, whatever conditions say: what cannot be attached is to be
  // known at once. A probe that cannot is an error that names its point, unless it is optional or
  // all may be missing. `programs`: the image's, loaded. Borrows everything.
  static Result<std::unique_ptr<ArmedProbes>> attach(const ProgramImage& image,
                                                     const std::vector<UniqueFd>& programs,
                                                     const MapSet& maps, bool may_be_missing);
  // Opens what another process pinned in `folder`.
  static Result<std::unique_ptr<ArmedProbes>> open(const ProgramImage& image,
                                                   const std::vector<UniqueFd>& programs,
                                                   const MapSet& maps, const std::string& folder);
  ArmedProbes(const ArmedProbes&) = delete;
  ArmedProbes& operator=(const ArmedProbes&) = delete;

  // Pins all that is armed in `folder`, which is to be known as `name`: there pins come and go from
  // now on.
  Status pin(const std::string& folder, const std::string& name);

  // Arms or disarms the probes of a condition.
  Status set_armed(uint32_t condition, bool armed);
  bool is_armed(uint32_t condition) const;

  size_t link_count() const;
  // An error when a link is not there that should be, or its program was detached.
  Status prove_attached() const;
  // Why, of each probe that is not there and may be missing.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  // Links that come and go together.
  struct Hook {
    ProbeGroup probes;
    const SyscallDispatch* dispatch = nullptr;  // the hook that `probes` share
    Links links;                                // none: not armed, or missing
  };

  ArmedProbes(const ProgramImage& image, const std::vector<UniqueFd>& programs, const MapSet& maps);

  bool is_wanted(const ProbeSpec& probe) const {
    return !probe.condition || is_armed(*probe.condition);
  }
  Status refresh(size_t index);
  Status attach_hook(size_t index);
  Result<Links> links_of(const Hook& hook) const;
  Status fill_dispatch(const Hook& hook) const;
  void split(size_t index);
  Status pin_hook(const Hook& hook, const std::string& folder) const;
  void release(Hook& hook);
  std::string pin_name(const Hook& hook, size_t link) const;
  void open_hook(size_t index);
  ConditionState& state_of(uint32_t condition) const;
  SessionState& session() const { return maps_.session_state(); }

  const ProgramImage& image_;
  const std::vector<UniqueFd>& programs_;
  const MapSet& maps_;
  bool may_be_missing_ = false;
  std::vector<Hook> hooks_;
  std::string pin_folder_;  // "": nothing is pinned
  std::vector<std::string> missing_;
};

}  // namespace stapd
