#include "commands/shared/tally.hpp"

#include "base/number_of.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace natskv::commands {
namespace {

Value where_any(std::uint64_t number) { return number == 0 ? Value{} : Value{number}; }

constexpr Field<Tally> fields[] = {
    {"bucket", "BUCKET", [](const Tally& t) { return Value{std::string_view(t.bucket)}; }},
    {"put", "PUT", [](const Tally& t) { return t.puts ? Value{t.put} : Value{}; }, Emphasis::number},
    {"unchanged", "UNCHANGED", [](const Tally& t) { return t.puts ? Value{t.unchanged} : Value{}; },
     Emphasis::number},
    {"deleted", "DELETED", [](const Tally& t) { return Value{t.deleted}; }, Emphasis::number},
    {"conflicts", "CONFLICTS", [](const Tally& t) { return Value{t.conflicts}; }, Emphasis::number},
    {"failed", "FAILED", [](const Tally& t) { return Value{t.failed}; }, Emphasis::number},
    {"unknown", "UNKNOWN", [](const Tally& t) { return Value{t.unknown}; }, Emphasis::number},
    {"expired", "EXPIRED", [](const Tally& t) { return where_any(t.expired); }, Emphasis::number},
    {"replaced", "REPLACED", [](const Tally& t) { return where_any(t.replaced); }, Emphasis::number},
    {"revisions", "REVISIONS", [](const Tally& t) { return where_any(t.revisions); }, Emphasis::number},
    {"first_unacknowledged", "FIRST UNACKNOWLEDGED",
     [](const Tally& t) { return where_any(t.first_unacknowledged); }, Emphasis::number},
    {"first_revision", "FIRST REVISION", [](const Tally& t) { return where_any(t.first_revision); },
     Emphasis::number},
    {"last_revision", "LAST REVISION", [](const Tally& t) { return where_any(t.last_revision); },
     Emphasis::number},
};

const View<Tally>& view() {
  static const View<Tally> all{.fields = fields, .tsv = {"bucket"}, .plain = "bucket"};
  return all;
}

/// "a 3, b 1": what is not zero.
std::string counted(const std::vector<std::pair<std::string_view, std::uint64_t>>& counters) {
  std::string text;
  for (const auto& [word, number] : counters) {
    if (number > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, number);
  }
  return text;
}

}  // namespace

void Tally::add(const WriteResult& settled) {
  if (settled.failure) return add(*settled.failure);
  ++(settled.operation == Operation::put ? put : deleted);
}

void Tally::add(const Failure& failure) {
  if (failure.exit() == Exit::conflict)
    ++conflicts;
  else if (failure.exit() == Exit::unknown)
    ++unknown;
  else
    ++failed;
}

void Tally::not_acknowledged(std::uint64_t line) {
  if (first_unacknowledged == 0 || line < first_unacknowledged) first_unacknowledged = line;
}

std::string Tally::text() const {
  std::string text = would ? counted({{"put", put}, {"delete", deleted}})
                           : counted({{"put", put}, {"unchanged", unchanged}, {"deleted", deleted}});
  std::string rest = counted({{"unchanged", would ? unchanged : 0},
                              {"conflicts", conflicts},
                              {"failed", failed},
                              {"unknown", unknown},
                              {"expired", expired}});
  if (would) text = text.empty() ? "would change nothing" : "would " + text;
  if (!rest.empty()) text += (text.empty() ? "" : would ? "; " : ", ") + rest;
  if (text.empty()) text = "nothing to do";
  if (replaced > 0) {
    text += fmt::format("; {} replaced an earlier line for the same key", number_of(replaced, "line"));
  }
  if (first_revision > 0) text += fmt::format("; revisions {} to {}", first_revision, last_revision);
  if (first_unacknowledged > 0)
    text += fmt::format("; the first line that was not acknowledged is {}", first_unacknowledged);
  return text;
}

void say_summary(Invocation& natskv, const Tally& tally, const std::string& text, bool listed) {
  if (!natskv.json()) return natskv.note(text);
  if (!listed) {
    auto rows = natskv.rows(view(), Style::object());
    rows(tally);
    return rows.finish();
  }
  nlohmann::ordered_json object;
  for (const auto& field : fields) {
    const Value value = field.read(tally);
    if (const auto* number = std::get_if<std::uint64_t>(&value)) object[std::string(field.key)] = *number;
    if (const auto* word = std::get_if<std::string_view>(&value)) object[std::string(field.key)] = *word;
  }
  natskv.write_stderr(nlohmann::ordered_json{{"summary", object}}.dump() + "\n");
}

void say_summary(Invocation& natskv, const Tally& tally, bool listed) {
  say_summary(natskv, tally, fmt::format("bucket \"{}\": {}", tally.bucket, tally.text()), listed);
}

}  // namespace natskv::commands
