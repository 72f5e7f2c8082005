#include "cli/declaration.hpp"

#include "base/parse.hpp"

#include <algorithm>

namespace natskv {
namespace {

std::pair<std::string, std::string> names(std::string_view name) {
  const auto comma = name.find(',');
  if (comma == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, comma)), std::string(name.substr(comma + 1))};
}

}  // namespace

void Declaration::add(const Argument& argument, std::function<void(const std::string&)> on_value) {
  auto [short_name, long_name] = names(argument.name);
  options_.push_back({.argument = argument,
                      .short_name = std::move(short_name),
                      .long_name = std::move(long_name),
                      .on_value = std::move(on_value),
                      .global = global_});
}

void Declaration::flag(std::string_view name, bool& given, std::string_view help) {
  add({.name = name, .kind = Kind::text, .help = help}, {});
  options_.back().flag = &given;
}

void Declaration::excludes(std::string_view one, std::string_view other, std::string_view hint) {
  exclusions_.push_back({std::string(one), std::string(other), std::string(hint)});
}

void Declaration::command(std::vector<std::string>& words, std::string_view help, bool required) {
  for (auto& option : options_) {
    const Kind kind = option.argument.kind;
    if (!option.is_option() && (kind == Kind::key || kind == Kind::pattern)) option.named = "--key";
  }
  add({.name = "COMMAND", .kind = Kind::command, .help = help, .required = required, .many = true},
      [&words](const std::string& word) { words.push_back(word); });
}

const Option* Declaration::option(std::string_view name) const {
  if (!name.starts_with('-')) return nullptr;
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.is_called(name); });
  return found == options_.end() ? nullptr : &*found;
}

std::vector<const Option*> Declaration::arguments() const {
  std::vector<const Option*> found;
  for (const auto& option : options_) {
    if (!option.is_option() && option.argument.kind != Kind::command) found.push_back(&option);
  }
  return found;
}

const Option* Declaration::command() const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [](const Option& option) { return option.argument.kind == Kind::command; });
  return found == options_.end() ? nullptr : &*found;
}

const Declaration::Exclusion* Declaration::exclusion(const Option& one, const Option& other) const {
  const auto found = std::find_if(exclusions_.begin(), exclusions_.end(), [&](const Exclusion& exclusion) {
    return (one.is_called(exclusion.one) && other.is_called(exclusion.other)) ||
           (one.is_called(exclusion.other) && other.is_called(exclusion.one));
  });
  return found == exclusions_.end() ? nullptr : &*found;
}

void Declaration::bucket(std::string& name, std::string_view argument) {
  take({.name = argument, .kind = Kind::bucket, .help = "name of the bucket", .required = true}, name);
}

void Declaration::key(std::string& name, std::string_view argument) {
  take({.name = argument, .kind = Kind::key, .help = "name of the key", .required = true}, name);
}

void Declaration::take(const Argument& argument, std::string& text) {
  add(argument, [argument, &text](const std::string& word) {
    check(argument, word);
    text = word;
  });
}

void Declaration::take(const Argument& argument, std::optional<std::string>& text) {
  add(argument, [argument, &text](const std::string& word) {
    check(argument, word);
    text = word;
  });
}

void Declaration::take(const Argument& argument, std::vector<std::string>& texts) {
  add(argument, [argument, &texts](const std::string& word) {
    check(argument, word);
    texts.push_back(word);
  });
}

void Declaration::take(const Argument& argument, std::optional<std::uint64_t>& number) {
  add(argument, [argument, &number](const std::string& word) {
    const std::string_view what = spoken(argument.name);
    number = argument.kind == Kind::revision ? parse::revision(word, what) : counted(argument, word);
  });
}

void Declaration::take(const Argument& argument, std::optional<Span>& duration) {
  add(argument, [argument, &duration](const std::string& word) {
    duration = parse::duration(word, spoken(argument.name));
  });
}

void Declaration::take(const Argument& argument, std::optional<Size>& size) {
  add(argument,
      [argument, &size](const std::string& word) { size = parse::size(word, spoken(argument.name)); });
}

}  // namespace natskv
