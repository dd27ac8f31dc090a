#include "translator/ast/ast_printer.h"
#include "translator/probes/probe_builder.h"

namespace stapd::probes {
namespace {

using Argument = ast::ProbePointComponent::Argument;

const ast::ProbePointComponent* find(Components components, std::string_view name) {
  for (const ast::ProbePointComponent& c : components)
    if (c.name == name) return &c;
  return nullptr;
}

}  // namespace

std::string point_text(Components components) {
  std::string text;
  for (const ast::ProbePointComponent& c : components) {
    if (!text.empty()) text += '.';
    text += ast::print_component(c);
  }
  return text;
}

std::optional<std::string> text_argument(Components components, std::string_view name) {
  const ast::ProbePointComponent* c = find(components, name);
  if (!c || c->argument != Argument::string) return std::nullopt;
  return ast::decode_string(c->text);
}

std::optional<int64_t> number_argument(Components components, std::string_view name) {
  const ast::ProbePointComponent* c = find(components, name);
  if (!c || c->argument != Argument::number) return std::nullopt;
  return c->number;
}

bool has_component(Components components, std::string_view name) {
  return find(components, name) != nullptr;
}

std::string point_text_with(Components components, std::string_view name, std::string_view text) {
  std::vector<ast::ProbePointComponent> copy(components.begin(), components.end());
  for (ast::ProbePointComponent& c : copy)
    if (c.name == name && c.argument == Argument::string) c.text = text;
  return point_text(copy);
}

}  // namespace stapd::probes
