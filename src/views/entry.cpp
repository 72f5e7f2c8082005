#include "views/entry.hpp"

#include <limits>

namespace natskv::fields {
namespace {

Value bucket(const Entry& e) { return e.bucket; }
Value key(const Entry& e) { return e.key; }
// Revision 0 is a value that is not stored: get --default.
Value revision(const Entry& e) { return e.revision == 0 ? Value{} : Value{e.revision}; }
Value operation(const Entry& e) { return e.revision == 0 ? Value{} : Value{name_of(e.operation)}; }
Value created(const Entry& e) { return e.revision == 0 ? Value{} : Value{e.created}; }
Value size(const Entry& e) {
  return Size{e.size > std::numeric_limits<std::int64_t>::max() ? 0 : static_cast<std::int64_t>(e.size)};
}
Value value(const Entry& e) { return e.marker() ? Value{} : Value{e.value}; }
Value delta(const Entry& e) { return e.delta ? Value{*e.delta} : Value{}; }
Value ttl(const Entry& e) { return e.ttl.ns == 0 ? Value{} : Value{e.ttl}; }
Value expires(const Entry& e) {
  const auto at = e.ttl.ns == 0 ? std::nullopt : after(e.created, e.ttl);
  return at ? Value{*at} : Value{};
}
Value reason(const Entry& e) { return e.marker_reason.empty() ? Value{} : Value{e.marker_reason}; }

// Titles are short, because values need the room.
constexpr Field<Entry> entry_fields[] = {
    {"bucket", "BUCKET", bucket, Emphasis::name, "string", "name of the bucket."},
    {"key", "KEY", key, Emphasis::name, "string", "name of the key; key_base64 if it is not UTF-8."},
    {"revision", "REV", revision, Emphasis::number, "number",
     "revision in the bucket: each write gets the next one.", 5},
    {"operation", "OP", operation, Emphasis::operation, "string",
     "PUT, DEL or PURGE; DEL and PURGE are markers.", 3},
    {"created", "CREATED", created, Emphasis::faint, "string",
     "when it was written: RFC 3339, UTC, nanoseconds.", 2},
    {"size", "SIZE", size, Emphasis::number, "number", "size of the value in bytes.", 1},
    {"value", "VALUE", value, Emphasis::text, "string", "the value, if it is valid UTF-8."},
    {"delta", "DELTA", delta, Emphasis::number, "number",
     "how many messages of this listing come after it; absent where keys were asked for one by one, with "
     "--at, and where more than 64 keys and patterns were listed."},
    {"ttl_seconds", "TTL", ttl, Emphasis::plain, "number", "time to live, in seconds."},
    {"expires", "EXPIRES", expires, Emphasis::faint, "string",
     "when it expires, from created and ttl_seconds.", 4},
    {"marker_reason", "REASON", reason, Emphasis::plain, "string",
     "why the server wrote this marker: MaxAge, Purge or Remove."},
};

constexpr Field<Entry> name_fields[] = {{"name", "KEY", key, Emphasis::name}};

constexpr Field<Written> written_fields[] = {
    {"bucket", "BUCKET", [](const Written& w) { return Value{std::string_view(w.bucket)}; }, Emphasis::name,
     "string", "name of the bucket."},
    {"key", "KEY", [](const Written& w) { return Value{std::string_view(w.key)}; }, Emphasis::name, "string",
     "name of the key; key_base64 if it is not UTF-8."},
    {"revision", "REV", [](const Written& w) { return w.revision == 0 ? Value{} : Value{w.revision}; },
     Emphasis::number, "number", "the revision that was written."},
    {"operation", "OP", [](const Written& w) { return Value{name_of(w.operation)}; }, Emphasis::operation,
     "string", "PUT, DEL or PURGE; DEL and PURGE are markers."},
};

using Keys = std::vector<std::string_view>;
const Keys without_value{"bucket", "key",   "revision",    "operation", "created",
                         "size",   "delta", "ttl_seconds", "expires",   "marker_reason"};

View<Entry> entries(Keys json, Keys tsv, Keys table, Keys line = {}) {
  return {.fields = entry_fields,
          .json = std::move(json),
          .tsv = std::move(tsv),
          .table = std::move(table),
          .plain = "value",
          .line = std::move(line)};
}

}  // namespace

const View<Entry>& names() {
  static const View<Entry> view{.fields = name_fields, .tsv = {"name"}, .plain = "name"};
  return view;
}

const View<Entry>& get() {
  static const auto view = entries({}, {"key", "revision", "created", "value"},
                                   {"key", "revision", "created", "expires", "value"});
  return view;
}

// TSV columns are an API: without values the last column of events is empty rather than missing. Tables also
// show when an entry expires.
const View<Entry>& keys(bool with_value) {
  static const auto bare = entries(without_value, {"key", "revision", "operation", "created", "size"},
                                   {"key", "revision", "operation", "created", "size", "expires"});
  static const auto full = entries({}, {"key", "revision", "operation", "created", "size", "value"},
                                   {"key", "revision", "operation", "created", "size", "expires", "value"},
                                   {"created", "operation", "key", "revision", "value"});
  return with_value ? full : bare;
}

const View<Entry>& events(bool with_value) {
  static const auto bare =
      entries(without_value, {"key", "revision", "operation", "created", "size", "value"},
              {"key", "revision", "operation", "created", "size", "expires"},
              {"created", "operation", "key", "revision", "size"});
  return with_value ? keys(true) : bare;
}

const View<Written>& written() {
  static const View<Written> view{
      .fields = written_fields, .tsv = {"bucket", "key", "revision", "operation"}, .plain = "revision"};
  return view;
}

}  // namespace natskv::fields
