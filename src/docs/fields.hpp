// The fields of JSON, from the views that print them.
#pragma once

#include <string>
#include <vector>

namespace natskv::docs {

struct FieldLine {
  std::string name, type, meaning;
};
struct RecordLines {
  std::string title;
  std::vector<FieldLine> fields;
};

/// What natskv prints as JSON objects: their fields in order. Throws std::logic_error for a field whose
/// meaning is not written down here: a new field needs a sentence.
std::vector<RecordLines> records();

}  // namespace natskv::docs
