// env: a bucket as environment variables, for a shell.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/exec/environment.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

struct Row {
  std::string_view name, value;
};

constexpr Field<Row> row_fields[] = {
    {"name", "NAME", [](const Row& row) { return Value{row.name}; }, Emphasis::name},
    {"value", "VALUE", [](const Row& row) { return Value{Bytes{row.value}}; }, Emphasis::text}};

const View<Row>& row_view() {
  static const View<Row> view{.fields = row_fields, .tsv = {"name", "value"}};
  return view;
}

class Env final : public Action {
  EnvironmentArguments arguments_;
  bool export_ = false, nul_ = false;

  void declare(Declaration& a) override {
    arguments_.declare(a);
    a.flag("--export", export_, "put export before each line");
    a.flag("-0,--null", nul_, "NAME=value, each ended by a NUL byte, for programs");
    a.excludes("--export", "--null");
  }

  void check() override { arguments_.check(); }

  int run(Invocation& natskv) override {
    Style style = Style::write();
    style.layout.shape = Shape::list;
    const Format format = natskv.format(style);
    if (format != Format::plain && (export_ || nul_))
      throw usage("--export and -0 cannot be used with --output");
    const Variables variables = arguments_.read(natskv);
    switch (format) {
      case Format::plain:
        natskv.out().write(for_shells(variables));
        return 0;
      case Format::json:
      case Format::jsonl:
        natskv.out().write(object(variables));
        return 0;
      default:
        break;
    }
    auto rows = natskv.rows(row_view(), style);
    for (const auto& [name, variable] : variables.all()) rows({name, variable.value});
    rows.finish();
    return 0;
  }

  [[nodiscard]] std::string for_shells(const Variables& variables) const {
    std::string text;
    for (const auto& [name, variable] : variables.all()) {
      if (nul_) {
        text.append(name).append("=").append(variable.value).push_back('\0');
        continue;
      }
      text += export_ ? "export " : "";
      text += name + "=" + shell_quoted(variable.value) + "\n";
    }
    return text;
  }

  [[nodiscard]] std::string object(const Variables& variables) const {
    std::string text = "{";
    for (const auto& [name, variable] : variables.all()) {
      if (!text::valid_utf8(variable.value)) {
        throw Failure(Exit::failure,
                      fmt::format("the value of key {} in bucket \"{}\" is not UTF-8, which JSON needs",
                                  in_quotes(variable.key), arguments_.bucket),
                      {}, {arguments_.bucket, variable.key, 0});
      }
      text += text.size() > 1 ? "," : "";
      text::json_string(name, text);
      text += ':';
      text::json_string(variable.value, text);
    }
    return text + "}\n";
  }
};

}  // namespace

const Verb env{
    .name = "env",
    .group = Group::exec,
    .summary = "Print keys as environment variables",
    .description =
        R"text(Prints a line NAME='value' for each key of BUCKET, or for those that are named, sorted by name, for any POSIX
shell. NAME is KEY in upper case, with _ for every byte except letters, digits and _; before a leading digit comes a _.
--strip removes a beginning of KEY, --prefix puts one before NAME.

Nothing is printed unless all of it can be used. These end it with status 1: two keys that would be the same variable,
a value with a NUL byte, and a name through which the bucket's writer could run programs (PATH, LD_PRELOAD, BASH_ENV,
GIT_SSH and others), unless --allow NAME allows it. That list is a precaution: without --prefix you have to trust those
who may write to the bucket. A missing KEY, or a PATTERN without a match, is status 3.

In a script do it in two steps, because eval "$(natskv env …)" hides a failure:
vars=$(natskv env config --export) && eval "$vars". To run a program with these variables use natskv run.)text",
    .output =
        "NAME='value' lines; with -0 NAME=value and a NUL byte each. TSV: NAME and value. JSON: an object.",
    .statuses = {{"1",
                  "A value or a name cannot be a variable; both keys are named where two would be one."}},
    .examples =
        R"(# See the variables:
$ natskv env config
GREETING='hello'
# Set them in this shell:
$ vars=$(natskv env config --prefix APP_) && eval "$vars" && echo $APP_GREETING
hello
)",
    .make = &make_action<Env>};

}  // namespace natskv::commands
