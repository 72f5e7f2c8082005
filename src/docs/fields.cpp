#include "docs/fields.hpp"

#include "commands/fields.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <string_view>

namespace natskv::docs {
namespace {

const std::map<std::string_view, std::string_view> meanings{
    {"bucket", "name of the bucket."},
    {"key", "name of the key."},
    {"revision", "revision in the bucket: every write has one, rising."},
    {"operation", "PUT, DEL or PURGE; DEL and PURGE are markers."},
    {"created", "when it was written: RFC 3339, UTC, nanoseconds."},
    {"size", "bytes of the value."},
    {"value", "the value where it is valid UTF-8; in value_base64 where not; neither for markers."},
    {"delta", "how many messages of this reading came behind it."},
    {"ttl_seconds", "time to live, in seconds."},
    {"expires", "when it goes, from created and ttl_seconds."},
    {"marker_reason", "of a marker that the server wrote: MaxAge, Purge or Remove."},
};

// The JSON type of a Value, by what a record of the fullest kind holds.
std::string type_of(const Value& value) {
  struct Names {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool) const { return "boolean"; }
    std::string operator()(std::int64_t) const { return "number"; }
    std::string operator()(std::uint64_t) const { return "number"; }
    std::string operator()(std::string_view) const { return "string"; }
    std::string operator()(Bytes) const { return "string"; }
    std::string operator()(Instant) const { return "string"; }
    std::string operator()(Span) const { return "number"; }
    std::string operator()(Size) const { return "number"; }
    std::string operator()(Nested) const { return "object"; }
  };
  return std::visit(Names{}, value);
}

template <class T>
RecordLines record(std::string title, const View<T>& view, const std::vector<T>& samples) {
  RecordLines lines{std::move(title), {}};
  for (const auto& field : view.fields) {
    const auto meaning = meanings.find(field.key);
    std::string type;
    for (const auto& sample : samples) {
      if (type.empty()) type = type_of(field.read(sample));
    }
    if (meaning == meanings.end() || type.empty())
      throw std::logic_error(fmt::format("docs/fields.cpp does not know the field {}", field.key));
    lines.fields.push_back({std::string(field.key), type, std::string(meaning->second)});
  }
  return lines;
}

}  // namespace

std::vector<RecordLines> records() {
  Entry entry;
  entry.ttl = seconds(1);
  entry.marker_reason = "MaxAge";
  return {
      record<Entry>("An entry: get, keys -v, history, watch, export", fields::get(), {entry}),
      record<Written>("A write: put, create, update, del, purge, revert", fields::written(), {Written{}})};
}

}  // namespace natskv::docs
