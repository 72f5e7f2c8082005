#include "views/difference.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace natskv::fields {
namespace {

Value present(std::uint64_t revision) { return revision == 0 ? Value{} : Value{revision}; }
Value present(const std::optional<Bytes>& value) { return value ? Value{*value} : Value{}; }

constexpr Field<Difference> difference_fields[] = {
    {"change", "CHANGE", [](const Difference& d) { return Value{d.change}; }, Emphasis::operation, "string",
     "added, removed or changed."},
    {"key", "KEY", [](const Difference& d) { return Value{d.key}; }, Emphasis::name, "string",
     "name of the key."},
    {"revision_a", "REV A", [](const Difference& d) { return present(d.revision_a); }, Emphasis::number,
     "number", "its revision in the first bucket, if it is there."},
    {"revision_b", "REV B", [](const Difference& d) { return present(d.revision_b); }, Emphasis::number,
     "number", "its revision in the second bucket, if it is there."},
    {"value_a", "VALUE A", [](const Difference& d) { return present(d.value_a); }, Emphasis::text, "string",
     "with --values: its value in the first bucket, if it is valid UTF-8."},
    {"value_b", "VALUE B", [](const Difference& d) { return present(d.value_b); }, Emphasis::text, "string",
     "with --values: its value in the second bucket, if it is valid UTF-8."},
};

}  // namespace

const View<Difference>& difference(bool values) {
  static const std::vector<std::string_view> columns{"change", "key", "revision_a", "revision_b"};
  static const std::vector<std::string_view> more{"change",     "key",     "revision_a",
                                                  "revision_b", "value_a", "value_b"};
  static const View<Difference> bare{.fields = difference_fields, .json = columns, .tsv = columns};
  static const View<Difference> full{.fields = difference_fields, .json = more, .tsv = more};
  return values ? full : bare;
}

}  // namespace natskv::fields
