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

constexpr Field<Entry> entry_fields[] = {
    {"bucket", "BUCKET", bucket},
    {"key", "KEY", key, Look::name},
    {"revision", "REVISION", revision, Look::number},
    {"operation", "OPERATION", operation, Look::operation},
    {"created", "CREATED", created, Look::faint},
    {"size", "SIZE", size, Look::number},
    {"value", "VALUE", value},
    {"delta", "DELTA", delta, Look::number},
    {"ttl_seconds", "TTL", ttl},
    {"expires", "EXPIRES", expires, Look::faint},
    {"marker_reason", "REASON", reason},
};

constexpr Field<Name> name_fields[] = {
    {"name", "KEY", [](const Name& n) { return Value{n.name}; }, Look::name}};

constexpr Field<Written> written_fields[] = {
    {"bucket", "BUCKET", [](const Written& w) { return Value{std::string_view(w.bucket)}; }},
    {"key", "KEY", [](const Written& w) { return Value{std::string_view(w.key)}; }, Look::name},
    {"revision", "REVISION", [](const Written& w) { return w.revision == 0 ? Value{} : Value{w.revision}; },
     Look::number},
    {"operation", "OPERATION", [](const Written& w) { return Value{name_of(w.operation)}; }, Look::operation},
};

using Keys = std::vector<std::string_view>;
const Keys without_value{"bucket", "key",   "revision",    "operation", "created",
                         "size",   "delta", "ttl_seconds", "expires",   "marker_reason"};

View<Entry> entries(Keys json, Keys tsv, Keys table) {
  return {.fields = entry_fields,
          .json = std::move(json),
          .tsv = std::move(tsv),
          .table = std::move(table),
          .plain = "value"};
}

}  // namespace

const View<Name>& names() {
  static const View<Name> view{
      .fields = name_fields, .json = {}, .tsv = {"name"}, .table = {}, .plain = "name"};
  return view;
}

const View<Entry>& get() {
  static const auto view = entries({}, {"key", "revision", "created", "value"}, {});
  return view;
}

const View<Entry>& keys(bool with_value) {
  static const auto bare = entries(without_value, {"key", "revision", "operation", "created", "size"}, {});
  static const auto full = entries({}, {"key", "revision", "operation", "created", "size", "value"}, {});
  return with_value ? full : bare;
}

const View<Entry>& events(bool with_value) {
  // TSV columns are an API: without values the last one is empty, not gone.
  static const auto bare =
      entries(without_value, {"key", "revision", "operation", "created", "size", "value"},
              {"key", "revision", "operation", "created", "size"});
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
