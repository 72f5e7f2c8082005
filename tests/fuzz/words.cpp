// Durations, sizes, numbers, names, keys and patterns: accepted or refused, and what is accepted holds its
// promise.
#include "base/parse.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

#include <string>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto word = fuzz::text_of(data, size);
  fuzz::accepts([&] {
    const Span span = parse::duration(word, "D");
    fuzz::require(span.ns >= 0);
    fuzz::require(parse::duration(text::seconds(span) + "s", "D").ns == span.ns);
    return 0;
  });
  fuzz::accepts([&] {
    fuzz::require(parse::size(word, "S").bytes >= -1);
    return 0;
  });
  fuzz::accepts([&] {
    fuzz::require(std::to_string(parse::number(word, "N", 0, ~std::uint64_t{0})).size() <= word.size());
    return 0;
  });
  fuzz::accepts([&] { return parse::revision(word, "R"); });
  fuzz::accepts([&] { return parse::bucket(word); });
  if (fuzz::accepts([&] { return parse::key(word); })) {
    fuzz::require(fuzz::accepts([&] { return parse::any_key(word); }));
    fuzz::require(matches(">", word) && matches(word, word));
  }
  fuzz::accepts([&] {
    const Pattern pattern = parse::pattern(word);
    fuzz::require(covering_filter({pattern}) == pattern.text || !pattern.wild);
    return 0;
  });
  const auto space = word.find(' ');
  if (space != std::string_view::npos) {
    const auto one = word.substr(0, space), other = word.substr(space + 1);
    fuzz::accepts([&] {
      // A key that a pattern matches is matched by the common filter too.
      const Pattern pattern = parse::pattern(one);
      const std::string key = parse::key(other);
      const Pattern second{key, false};
      if (selects(pattern, key)) fuzz::require(matches(covering_filter({pattern, second}), key));
      return 0;
    });
  }
  return 0;
}
