// Lines of an import.
#include "input/entry_line.hpp"

#include "base/parse.hpp"
#include "fuzz.hpp"

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static EntryParser parser;  // reused from line to line, as in an import
  static EntryLine line;
  if (fuzz::accepts([&] {
        parser.parse(fuzz::text_of(data, size), line);
        return 0;
      })) {
    fuzz::require(fuzz::accepts([&] { return parse::any_key(line.key); }));
    if (line.check || line.operation != Operation::put) fuzz::require(line.value.empty());
  }
  return 0;
}
