// Every format, rows of any bytes on a terminal of any width: no escape of theirs gets through, no line is
// wider than the terminal but for its name.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "output/sink.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const int fd = memfd_create("fuzz", MFD_CLOEXEC);
  fuzz::require(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
  Output out(fd, "standard output");
  const int width = data[0] % 120;
  constexpr std::array formats{Format::table, Format::tsv, Format::json, Format::jsonl};
  const Format format = formats[data[1] % formats.size()];
  auto rest = fuzz::text_of(data + 2, size - 2);
  const std::vector<Column> columns{{"key", "Key", Emphasis::name},
                                    {"revision", "Revision", Emphasis::number, 1},
                                    {"value", "Value", Emphasis::text}};
  const Layout layout{.shape = data[1] & 0x40U ? Shape::live : Shape::list,
                      .vertical = (data[1] & 0x80U) != 0};
  const auto sink = make_sink(format, columns, layout, {.utc = true, .width = width}, out);
  std::uint64_t number = 1;
  auto widest = static_cast<std::size_t>(width);  // names and revisions are never cut
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::vector<Value> row{rest.substr(0, end / 2), number, Bytes{rest.substr(end / 2, end - end / 2)}};
    const std::string name = text::visible(rest.substr(0, end / 2));
    widest = std::max(widest, text::width(name) + 2 + std::to_string(number).size());
    number = number * 31 + end;
    sink->row(row);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  sink->finish();
  out.flush();
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  fuzz::require(pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  for (std::string_view lines = text; format == Format::table && layout.shape == Shape::list &&
                                      !layout.vertical && width > 0 && !lines.empty();) {
    const auto end = std::min(lines.find('\n'), lines.size());
    fuzz::require(text::width(lines.substr(0, end)) <= widest);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  // A key that is not UTF-8 stands in TSV as it is: its bytes are no characters, so no controls either.
  if (format != Format::tsv) fuzz::require(text::valid_utf8(text));
  fuzz::require(!fuzz::controls(text, format == Format::tsv ? "\t\n" : "\n"));
  return 0;
}
