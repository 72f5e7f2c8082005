// The fields of JSON and the columns of TSV, from the views that print them.
#pragma once

#include <string>
#include <vector>

namespace natskv::docs {

struct FieldLine {
  std::string name, type, meaning;
  std::vector<FieldLine> members = {};  ///< of an object, or of each object of an array
};
struct RecordLines {
  std::string title;
  std::vector<FieldLine> fields;
};
struct ColumnLine {
  std::string commands, columns;
};

/// What natskv prints as JSON objects: their fields in order. Throws std::logic_error for a field
/// that says neither its type nor what it means.
std::vector<RecordLines> records();
/// What it prints as TSV: the columns in order.
std::vector<ColumnLine> columns();

}  // namespace natskv::docs
