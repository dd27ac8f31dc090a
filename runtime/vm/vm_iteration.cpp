#include <algorithm>
#include <cstring>

#include "runtime/image/map_layout.h"
#include "runtime/vm/activation.h"

namespace stapd {

using ir::Iteration;
using ir::Op;
using ir::Operand;

bool Activation::iteration_op(const ir::Instr& instr) {
  switch (instr.op) {
    case Op::iter_open:
      open_walk(instr);
      return true;
    case Op::iter_next:
      next_of_walk(instr);
      return true;
    case Op::iter_close:
      walks_[instr.sub] = {};
      return true;
    default:
      return false;
  }
}

// What matches is gathered at once: the body may change the array without changing the walk.
void Activation::open_walk(const ir::Instr& instr) {
  const GlobalSpec& global = global_of(instr);
  Walk walk;
  std::vector<std::optional<KeyValue>> wanted;
  for (size_t i = 0; i < global.key.size(); ++i) {
    const Operand& operand = instr.args[1 + i];
    if (operand.kind == Operand::Kind::any)
      wanted.push_back(std::nullopt);
    else if (global.key[i].is_string)
      wanted.push_back(KeyValue{0, text(operand)});
    else
      wanted.push_back(KeyValue{number(operand), ""});
  }
  vm_.maps_.for_each(global.map, [&](std::string_view key, std::string_view value) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i]) continue;
      KeyValue part = decode_key_part(key, global.key[i]);
      if (part.number != wanted[i]->number || part.text != wanted[i]->text) return;
    }
    Walk::Element element;
    element.key = key;
    element.value = value;
    element.insertion = insertion_of(value, global, vm_.maps_.cpus());
    walk.elements.push_back(std::move(element));
  });
  sort_walk(walk, function_.iterations[instr.sub], global);
  int64_t limit = number(instr.args[0]);
  if (limit >= 0 && walk.elements.size() > static_cast<uint64_t>(limit))
    walk.elements.resize(static_cast<size_t>(limit));
  walks_[instr.sub] = std::move(walk);
}

namespace {

int64_t statistic_sort_key(const StatValue& value, Iteration::Sort sort) {
  switch (sort) {
    case Iteration::Sort::sum:
      return value.sum;
    case Iteration::Sort::min:
      return value.min;
    case Iteration::Sort::max:
      return value.max;
    case Iteration::Sort::average:
      return value.count ? value.average() : 0;
    case Iteration::Sort::variance:
      return value.variance;
    default:
      return value.count;
  }
}

}  // namespace

void Activation::sort_walk(Walk& walk, const Iteration& iteration, const GlobalSpec& global) {
  for (Walk::Element& element : walk.elements) {
    if (iteration.sort == Iteration::Sort::none) continue;
    if (iteration.sort == Iteration::Sort::key) {
      KeyValue part = decode_key_part(element.key, global.key[iteration.key_part]);
      element.number = part.number;
      element.text = part.text;
    } else if (global.kind == ValueKind::statistic) {
      element.number = statistic_sort_key(
          merge_statistic(element.value, global.statistic, vm_.maps_.cpus()), iteration.sort);
    } else if (global.kind == ValueKind::string) {
      element.text = decode_string(std::string_view(element.value).substr(kElementValueOffset),
                                   global.capacity);
    } else {
      std::memcpy(&element.number, element.value.data() + kElementValueOffset, 8);
    }
  }
  std::sort(walk.elements.begin(), walk.elements.end(),
            [&](const Walk::Element& a, const Walk::Element& b) {
              if (a.number != b.number) return (a.number < b.number) != iteration.descending;
              if (int order = a.text.compare(b.text)) return (order < 0) != iteration.descending;
              return a.insertion < b.insertion;
            });
}

void Activation::next_of_walk(const ir::Instr& instr) {
  Walk& walk = walks_[instr.sub];
  bool more = walk.next < walk.elements.size();
  set(instr.dst[0], more);
  if (!more) return;
  const GlobalSpec& global = global_of(instr);
  const Walk::Element& element = walk.elements[walk.next++];
  size_t at = 1;
  for (const KeyPart& part : global.key) {
    KeyValue value = decode_key_part(element.key, part);
    set(instr.dst[at], value.number);
    set_text(instr.dst[at], value.text);
    ++at;
  }
  const Operand& dst = instr.dst[at];
  if (dst.kind == Operand::Kind::stat) {
    stats_[dst.value] = merge_statistic(element.value, global.statistic, vm_.maps_.cpus());
  } else if (global.kind == ValueKind::string) {
    set_text(dst, decode_string(std::string_view(element.value).substr(kElementValueOffset),
                                global.capacity));
  } else if (global.kind == ValueKind::integer) {
    int64_t number;
    std::memcpy(&number, element.value.data() + kElementValueOffset, 8);
    set(dst, number);
  }
}

}  // namespace stapd
