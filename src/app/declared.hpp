// What a verb declared, written down: the splitter, the parser, help, the manual and completion read it.
#pragma once

#include "input/arguments.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv {

class Declared final : public Arguments {
 public:
  struct Item {
    Argument argument;
    std::string shorter;  ///< "-n" or ""
    std::string longer;   ///< "--names", or the positional's name
    std::function<void(const std::string&)> given;
    bool* flag = nullptr;
    bool global = false;
    [[nodiscard]] bool option() const { return longer.starts_with('-'); }
    [[nodiscard]] bool takes_value() const { return flag == nullptr; }
  };

  void add(const Argument& argument, std::function<void(const std::string&)> given) override;
  void flag(std::string_view name, bool& given, std::string_view help) override;
  void excludes(std::string_view one, std::string_view other) override;

  /// What is declared from here on is global (accepted by every verb).
  void globals() { global_ = true; }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& exclusions() const { return exclusions_; }
  /// The option of this name ("-n", "--names"), or null.
  [[nodiscard]] const Item* option(std::string_view name) const;
  [[nodiscard]] std::vector<const Item*> positionals() const;

 private:
  std::vector<Item> items_;
  std::vector<std::pair<std::string, std::string>> exclusions_;
  bool global_ = false;
};

}  // namespace natskv
