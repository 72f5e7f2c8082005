#include "views/check.hpp"

namespace natskv::fields {
namespace {

constexpr Field<Check> check_fields[] = {
    {"check", "CHECK", [](const Check& c) { return Value{c.check}; }, Emphasis::name, "string", "its name."},
    {"result", "RESULT", [](const Check& c) { return Value{c.result}; }, Emphasis::operation, "string",
     "ok, failed or skipped; warning: it works, but needs attention; off: it is not enabled here."},
    {"detail", "DETAIL", [](const Check& c) { return Value{std::string_view(c.detail)}; }, Emphasis::text,
     "string", "the result in words."},
    {"hint", "HINT",
     [](const Check& c) { return c.hint.empty() ? Value{} : Value{std::string_view(c.hint)}; },
     Emphasis::text, "string", "what may help."},
};

}  // namespace

const View<Check>& check() {
  static const View<Check> view{.fields = check_fields, .tsv = {"check", "result", "detail", "hint"}};
  return view;
}

}  // namespace natskv::fields
