// Escaping, base64, times, widths: round trips and limits.
#include "base/text.hpp"

#include "../support/from_tsv.hpp"
#include "fuzz.hpp"

#include <string>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text_of(data, size);
  std::string out;
  text::tsv(bytes, out);
  fuzz::require(text::valid_utf8(out) && !fuzz::controls(out));
  fuzz::require(from_tsv(out) == std::string(bytes));
  if (const auto back = from_tsv(bytes)) {
    out.clear();
    text::tsv(*back, out);
    fuzz::require(from_tsv(out) == *back);
  }
  out.clear();
  text::base64(bytes, out);
  fuzz::require(text::from_base64(out) == std::string(bytes));
  if (const auto back = text::from_base64(bytes)) {
    out.clear();
    text::base64(*back, out);
    fuzz::require(out == bytes);
  }
  if (const auto when = text::from_rfc3339(bytes)) {
    const auto again = text::from_rfc3339(text::rfc3339(*when));
    fuzz::require(again && again->ns == when->ns);
  }
  const std::string shown = text::visible(bytes);
  fuzz::require(text::valid_utf8(shown) && !fuzz::controls(shown) && !fuzz::bidi(shown));
  const std::size_t columns = size == 0 ? 0 : data[0] % 40;
  fuzz::require(text::width(text::cut(shown, columns)) <= columns);
  fuzz::require(text::fit(shown, columns) <= shown.size());
  out.clear();
  text::json_string(bytes, out);
  fuzz::require(text::valid_utf8(out) && !fuzz::controls(out) && out.front() == '"' && out.back() == '"');
  return 0;
}
