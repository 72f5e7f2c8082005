// The command line's words: every line is read or refused.
#include "app/globals.hpp"
#include "cli/parse.hpp"
#include "commands/all.hpp"
#include "fuzz.hpp"

#include <string>
#include <vector>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto rest = fuzz::text_of(data, size);
  std::vector<std::string> words;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    // No word may name a file that the check of a command would read.
    std::string word(rest.substr(0, end));
    if (word.find('/') == std::string::npos && word != "-") words.push_back(word);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const Program program{commands::table(), declare_globals};
  const Scan line = scan(program, words);
  fuzz::accepts([&] {
    accept(line);
    return 0;
  });
  return 0;
}
