#include "runtime/load/armed_probes.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/load/pins.h"

namespace stapd {

ArmedProbes::ArmedProbes(const ProgramImage& image, const std::vector<UniqueFd>& programs,
                         const MapSet& maps)
    : image_(image), programs_(programs), maps_(maps) {
  for (ProbeGroup& group : group_probes(image)) hooks_.push_back({std::move(group), nullptr, {}});
  for (const SyscallDispatch& dispatch : image.dispatches)
    hooks_.push_back({dispatched_probes(image, dispatch), &dispatch, {}});
}

ConditionState& ArmedProbes::state_of(uint32_t condition) const {
  std::byte* at = maps_.state() + image_.conditions[condition].state_offset;
  return *reinterpret_cast<ConditionState*>(at);
}

bool ArmedProbes::is_armed(uint32_t condition) const { return state_of(condition).armed != 0; }

// ---- arming -----------------------------------------------------------------------------------

Result<std::unique_ptr<ArmedProbes>> ArmedProbes::attach(const ProgramImage& image,
                                                         const std::vector<UniqueFd>& programs,
                                                         const MapSet& maps, bool may_be_missing) {
  std::unique_ptr<ArmedProbes> probes(new ArmedProbes(image, programs, maps));
  probes->may_be_missing_ = may_be_missing;
  for (uint32_t i = 0; i < image.conditions.size(); ++i) probes->state_of(i).armed = 1;
  for (size_t i = 0; i < probes->hooks_.size(); ++i) STAPD_TRY(probes->refresh(i));
  return probes;
}

Status ArmedProbes::set_armed(uint32_t condition, bool armed) {
  if (armed == is_armed(condition)) return {};
  state_of(condition).armed = armed;
  for (size_t i = 0; i < hooks_.size(); ++i) {
    const ProbeGroup& probes = hooks_[i].probes;
    if (std::any_of(probes.begin(), probes.end(),
                    [&](const ProbeSpec* probe) { return probe->condition == condition; }))
      STAPD_TRY(refresh(i));
  }
  return {};
}

// Makes a hook what its probes' conditions say. May add hooks behind the last.
Status ArmedProbes::refresh(size_t index) {
  Hook& hook = hooks_[index];
  if (hook.dispatch) STAPD_TRY(fill_dispatch(hook));
  bool wanted = std::any_of(hook.probes.begin(), hook.probes.end(),
                            [&](const ProbeSpec* probe) { return is_wanted(*probe); });
  if (!wanted) release(hook);
  if (!wanted || !hook.links.empty()) return {};
  return attach_hook(index);
}

Status ArmedProbes::attach_hook(size_t index) {
  Hook& hook = hooks_[index];
  const ProbeSpec& first = *hook.probes[0];
  Result<Links> links = links_of(hook);
  if (!links && hook.probes.size() > 1 && !hook.dispatch) {  // one of them is at fault: each alone
    split(index);
    return attach_hook(index);
  }
  if (!links) {
    auto error = in_context("probe " + first.point, links.error());
    if (!first.optional && !may_be_missing_) return error;
    missing_.push_back(error.value().message);
    return {};
  }
  hook.links = std::move(*links);
  if (!pin_folder_.empty()) STAPD_TRY(pin_hook(hook, pin_folder_));
  session().links += static_cast<uint32_t>(hook.links.size());
  return {};
}

Result<Links> ArmedProbes::links_of(const Hook& hook) const {
  if (hook.dispatch)
    return attach_tracepoint(hook.dispatch->returns ? "sys_exit" : "sys_enter",
                             programs_[hook.dispatch->program].get());
  return attach_group(image_, hook.probes, programs_[*hook.probes[0]->program].get());
}

// The shared hook goes on to the programs of those calls that are armed, by number.
Status ArmedProbes::fill_dispatch(const Hook& hook) const {
  int map = maps_.fd(hook.dispatch->map);
  for (const ProbeSpec* probe : hook.probes) {
    int program = programs_[*probe->program].get();
    int error = is_wanted(*probe)
                    ? bpf_map_update_elem(map, &probe->syscall_number, &program, BPF_ANY)
                    : bpf_map_delete_elem(map, &probe->syscall_number);
    if (error < 0 && error != -ENOENT)
      return fail_errno("filling the table of system calls", -error);
  }
  return {};
}

// The first keeps the place; the others come behind the last, where attach() gets to them.
void ArmedProbes::split(size_t index) {
  const ProbeGroup group = std::move(hooks_[index].probes);
  hooks_[index].probes = {group[0]};
  for (size_t i = 1; i < group.size(); ++i) hooks_.push_back({{group[i]}, nullptr, {}});
}

// The number goes first: a recorder that dies in between leaves more links than it says, not fewer.
void ArmedProbes::release(Hook& hook) {
  session().links -= static_cast<uint32_t>(hook.links.size());
  if (!pin_folder_.empty())
    for (size_t i = 0; i < hook.links.size(); ++i)
      ::unlink((pin_folder_ + "/" + pin_name(hook, i)).c_str());
  hook.links.clear();
}

// ---- pins -------------------------------------------------------------------------------------

// The same in every process that has the image: by the hook's first probe, and whether it is alone.
std::string ArmedProbes::pin_name(const Hook& hook, size_t link) const {
  if (hook.dispatch) return hook.dispatch->returns ? "link_sys_exit" : "link_sys_enter";
  const char* kind = hook.probes.size() > 1 ? "links" : "link";
  return fmt::format("{}{}_{}", kind, hook.probes[0] - image_.probes.data(), link);
}

Status ArmedProbes::pin(const std::string& folder, const std::string& name) {
  for (const Hook& hook : hooks_) STAPD_TRY(pin_hook(hook, folder));
  pin_folder_ = name;
  return {};
}

Status ArmedProbes::pin_hook(const Hook& hook, const std::string& folder) const {
  for (size_t i = 0; i < hook.links.size(); ++i)
    STAPD_TRY(pin_object(hook.links[i].get(), folder + "/" + pin_name(hook, i)));
  return {};
}

Result<std::unique_ptr<ArmedProbes>> ArmedProbes::open(const ProgramImage& image,
                                                       const std::vector<UniqueFd>& programs,
                                                       const MapSet& maps,
                                                       const std::string& folder) {
  std::unique_ptr<ArmedProbes> probes(new ArmedProbes(image, programs, maps));
  probes->pin_folder_ = folder;
  for (size_t i = 0; i < probes->hooks_.size(); ++i) probes->open_hook(i);
  return probes;
}

void ArmedProbes::open_hook(size_t index) {
  auto open_links = [&](Hook& hook) {
    for (;;) {
      Result<UniqueFd> link = open_pin(pin_folder_ + "/" + pin_name(hook, hook.links.size()));
      if (!link) return;
      hook.links.push_back(std::move(*link));
      if (hook.dispatch) return;
    }
  };
  open_links(hooks_[index]);
  if (!hooks_[index].links.empty() || hooks_[index].dispatch) return;
  const ProbeGroup& group = hooks_[index].probes;
  bool was_split =
      group.size() > 1 && std::any_of(group.begin(), group.end(), [&](const ProbeSpec* probe) {
        std::string pin = pin_folder_ + "/" + pin_name(Hook{{probe}, nullptr, {}}, 0);
        return ::access(pin.c_str(), F_OK) == 0;
      });
  if (!was_split) return;
  split(index);
  open_links(hooks_[index]);
}

// ---- looking at it ----------------------------------------------------------------------------

size_t ArmedProbes::link_count() const {
  size_t count = 0;
  for (const Hook& hook : hooks_) count += hook.links.size();
  return count;
}

Status ArmedProbes::prove_attached() const {
  if (link_count() < session().links)
    return failf(ErrorCode::corrupt, "{} of its {} links to probes are gone",
                 session().links - link_count(), session().links);
  for (const Hook& hook : hooks_)
    for (const UniqueFd& link : hook.links)
      if (!is_attached(link.get()))
        return fail(ErrorCode::corrupt, "a probe was detached while nobody looked");
  return {};
}

}  // namespace stapd
