#include "docs/fields.hpp"

#include "views/bucket.hpp"
#include "views/check.hpp"
#include "views/context.hpp"
#include "views/difference.hpp"
#include "views/entry.hpp"
#include "views/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace natskv::docs {
namespace {

std::vector<FieldLine> members_of(std::span<const Member> members) {
  std::vector<FieldLine> lines;
  for (const auto& [name, type, meaning, inner] : members)
    lines.push_back({std::string(name), std::string(type), std::string(meaning), members_of(inner)});
  return lines;
}

template <class T>
RecordLines record(std::string title, const View<T>& view) {
  RecordLines lines{std::move(title), {}};
  for (const auto& field : view.fields) {
    if (!view.json.empty() && std::find(view.json.begin(), view.json.end(), field.key) == view.json.end())
      continue;
    if (field.type.empty() || field.meaning.empty())
      throw std::logic_error(fmt::format("the field {} says neither its type nor what it means", field.key));
    lines.fields.push_back({std::string(field.key), std::string(field.type), std::string(field.meaning),
                            members_of(field.members)});
    if (field.key == "value")
      lines.fields.push_back(
          {"value_base64", "string", "the value, if it is not valid UTF-8. Markers have neither."});
    if (field.key.starts_with("value_"))
      lines.fields.push_back({std::string(field.key) + "_base64", "string", "the same, if it is not UTF-8."});
  }
  return lines;
}

}  // namespace

std::vector<RecordLines> records() {
  return {record("An entry: get, keys -v, history, watch, export", fields::get()),
          record("A bucket: info, add, ls", fields::bucket(false)),
          record("A write: put, create, update, del, purge, revert, edit-value", fields::written()),
          record("A change of settings: edit", fields::edited()),
          record("A difference: diff", fields::difference(true)),
          record("A check: doctor", fields::check()),
          record("A context: context ls", fields::contexts()),
          record("A context's settings: context show", fields::context())};
}

std::vector<ColumnLine> columns() {
  const auto words = [](const auto& view) { return fmt::format("{}", fmt::join(view.tsv, " ")); };
  return {{"keys", words(fields::names())},
          {"keys -v", words(fields::keys(false))},
          {"keys --display-value", words(fields::keys(true))},
          {"get", words(fields::get())},
          {"history, watch", words(fields::events(true))},
          {"put, create, update, del, purge, revert, edit-value", words(fields::written())},
          {"ls", words(fields::buckets(false))},
          {"ls -l", words(fields::buckets(true))},
          {"info, add, context show", "field value"},
          {"edit", words(fields::changes())},
          {"diff", words(fields::difference(false))},
          {"diff --values", words(fields::difference(true))},
          {"doctor", words(fields::check())},
          {"context ls", words(fields::contexts())}};
}

}  // namespace natskv::docs
