#include "app/declared.hpp"

namespace natskv {
namespace {

std::pair<std::string, std::string> names(std::string_view name) {
  const auto comma = name.find(',');
  if (comma == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, comma)), std::string(name.substr(comma + 1))};
}

}  // namespace

void Declared::add(const Argument& argument, std::function<void(const std::string&)> given) {
  auto [shorter, longer] = names(argument.name);
  items_.push_back({argument, std::move(shorter), std::move(longer), std::move(given), nullptr, global_});
}

void Declared::flag(std::string_view name, bool& given, std::string_view help) {
  auto [shorter, longer] = names(name);
  Argument argument{.name = name, .kind = Kind::text, .help = help};
  items_.push_back({argument, std::move(shorter), std::move(longer), {}, &given, global_});
}

void Declared::excludes(std::string_view one, std::string_view other) { exclusions_.emplace_back(one, other); }

const Declared::Item* Declared::option(std::string_view name) const {
  for (const auto& item : items_) {
    if (item.option() && !name.empty() && (item.longer == name || item.shorter == name)) return &item;
  }
  return nullptr;
}

std::vector<const Declared::Item*> Declared::positionals() const {
  std::vector<const Item*> found;
  for (const auto& item : items_) {
    if (!item.option()) found.push_back(&item);
  }
  return found;
}

}  // namespace natskv
