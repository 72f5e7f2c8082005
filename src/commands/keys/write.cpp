#include "commands/keys/write.hpp"

#include "base/failure.hpp"
#include "input/value.hpp"
#include "views/entry.hpp"

#include <string>
#include <utility>

namespace natskv::commands {

void ValueArguments::declare(Arguments& a) {
  a.take({.name = "VALUE", .kind = Kind::value, .help = "the value as it stands; \"\" is the empty value"},
         word_);
  a.take(
      {.name = "-F,--file", .kind = Kind::file, .help = "read the value from this file; - is standard input"},
      file_);
}

std::string ValueArguments::read(Natskv& natskv) const {
  if (word_ && looks_like_file(*word_)) natskv.hint("VALUE is taken as it stands; -F reads a file");
  const bool from_stdin = !word_ && (!file_ || *file_ == "-");
  for (const auto& [option, file] : {std::pair("--password-file", natskv.given().password_file),
                                     std::pair("--token-file", natskv.given().token_file)}) {
    if (from_stdin && file == "-")
      throw usage(std::string(option) + " and VALUE cannot both be standard input",
                  "give VALUE after KEY, or -F FILE");
  }
  return read_value(word_, file_);
}

void check_ttl(const std::optional<Span>& ttl) {
  if (ttl && (ttl->ns < seconds(1).ns || ttl->ns % seconds(1).ns != 0)) {
    throw usage("--ttl: a key's time to live is a whole number of seconds, 1s or more");
  }
}

bool answer_wanted(const Natskv& natskv) {
  return !natskv.quiet() || natskv.given().output || natskv.given().json;
}

int print(Natskv& natskv, const Written& written) {
  if (!answer_wanted(natskv)) return 0;
  auto rows = natskv.rows(fields::written(), Style::write());
  rows(written);
  rows.finish();
  return 0;
}

}  // namespace natskv::commands
