#include "views/entry.hpp"

#include <limits>

namespace natskv::fields {
namespace {

Value bucket(const Entry& e) { return e.bucket; }
Value key(const Entry& e) { return e.key; }
// Revision 0 is a value that is stored nowhere: get --default.
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
  std::int64_t at = 0;
  if (e.ttl.ns == 0 || __builtin_add_overflow(e.created.ns, e.ttl.ns, &at)) return {};
  return Instant{at};
}
Value reason(const Entry& e) { return e.marker_reason.empty() ? Value{} : Value{e.marker_reason}; }

// Titles are short: a value needs the room.
constexpr Field<Entry> entry_fields[] = {
    {.key = "bucket",
     .title = "BUCKET",
     .read = bucket,
     .look = Emphasis::name,
     .type = "string",
     .meaning = "name of the bucket."},
    {.key = "key",
     .title = "KEY",
     .read = key,
     .look = Emphasis::name,
     .type = "string",
     .meaning = "name of the key; key_base64 where it is not UTF-8."},
    {.key = "revision",
     .title = "REV",
     .read = revision,
     .look = Emphasis::number,
     .type = "number",
     .meaning = "revision in the bucket: each write gets the next one.",
     .leaves = 5},
    {.key = "operation",
     .title = "OP",
     .read = operation,
     .look = Emphasis::operation,
     .type = "string",
     .meaning = "PUT, DEL or PURGE; DEL and PURGE are markers.",
     .leaves = 3},
    {.key = "created",
     .title = "CREATED",
     .read = created,
     .look = Emphasis::faint,
     .type = "string",
     .meaning = "when it was written: RFC 3339, UTC, nanoseconds.",
     .leaves = 2},
    {.key = "size",
     .title = "SIZE",
     .read = size,
     .look = Emphasis::number,
     .type = "number",
     .meaning = "bytes of the value.",
     .leaves = 1},
    {.key = "value",
     .title = "VALUE",
     .read = value,
     .look = Emphasis::text,
     .type = "string",
     .meaning = "the value where it is valid UTF-8."},
    {.key = "delta",
     .title = "DELTA",
     .read = delta,
     .look = Emphasis::number,
     .type = "number",
     .meaning = "how many messages of this listing come after it; absent where keys were asked for one by "
                "one, and where more than 64 keys and patterns were listed."},
    {.key = "ttl_seconds",
     .title = "TTL",
     .read = ttl,
     .type = "number",
     .meaning = "time to live, in seconds."},
    {.key = "expires",
     .title = "EXPIRES",
     .read = expires,
     .look = Emphasis::faint,
     .type = "string",
     .meaning = "when it expires, from created and ttl_seconds.",
     .leaves = 4},
    {.key = "marker_reason",
     .title = "REASON",
     .read = reason,
     .type = "string",
     .meaning = "of a marker that the server wrote: MaxAge, Purge or Remove."},
};

constexpr Field<Name> name_fields[] = {{.key = "name",
                                        .title = "KEY",
                                        .read = [](const Name& n) { return Value{n.name}; },
                                        .look = Emphasis::name}};

constexpr Field<Written> written_fields[] = {
    {.key = "bucket",
     .title = "BUCKET",
     .read = [](const Written& w) { return Value{std::string_view(w.bucket)}; },
     .look = Emphasis::name,
     .type = "string",
     .meaning = "name of the bucket."},
    {.key = "key",
     .title = "KEY",
     .read = [](const Written& w) { return Value{std::string_view(w.key)}; },
     .look = Emphasis::name,
     .type = "string",
     .meaning = "name of the key; key_base64 where it is not UTF-8."},
    {.key = "revision",
     .title = "REV",
     .read = [](const Written& w) { return w.revision == 0 ? Value{} : Value{w.revision}; },
     .look = Emphasis::number,
     .type = "number",
     .meaning = "the revision that was written."},
    {.key = "operation",
     .title = "OP",
     .read = [](const Written& w) { return Value{name_of(w.operation)}; },
     .look = Emphasis::operation,
     .type = "string",
     .meaning = "PUT, DEL or PURGE; DEL and PURGE are markers."},
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

const View<Name>& names() {
  static const View<Name> view{
      .fields = name_fields, .json = {}, .tsv = {"name"}, .table = {}, .plain = "name"};
  return view;
}

const View<Entry>& get() {
  static const auto view = entries({}, {"key", "revision", "created", "value"},
                                   {"key", "revision", "created", "expires", "value"});
  return view;
}

// TSV columns are an API: without values the last one of events is empty, not gone. People see in a table
// when an entry expires, too.
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
  static const View<Written> view{.fields = written_fields,
                                  .json = {},
                                  .tsv = {"bucket", "key", "revision", "operation"},
                                  .table = {},
                                  .plain = "revision"};
  return view;
}

}  // namespace natskv::fields
