#include "commands/keys/write.hpp"

#include "base/failure.hpp"
#include "commands/shared/answer.hpp"
#include "input/value.hpp"
#include "kv/explain.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace natskv::commands {

void ValueArguments::declare(Declaration& a, std::string_view hint) {
  a.take({"VALUE", Kind::value, "the value, taken literally; \"\" is the empty value"}, word_);
  a.take({"-F,--file", Kind::file, "read the value from this file; - is standard input"}, file_);
  a.excludes("VALUE", "--file", hint);
}

std::string ValueArguments::read(Invocation& natskv, const std::string& bucket,
                                 const std::string& key) const {
  if (word_ && looks_like_file(*word_)) natskv.hint("VALUE is taken literally; -F reads a file");
  const bool from_stdin = !word_ && (!file_ || *file_ == "-");
  for (const auto& [option, file] : {std::pair("--password-file", natskv.given().password_file),
                                     std::pair("--token-file", natskv.given().token_file)}) {
    if (from_stdin && file == "-")
      throw usage(std::string(option) + " and VALUE cannot both be standard input",
                  "give VALUE after KEY, or -F FILE");
  }
  Session& session = natskv.session();
  bool asked = false;
  const ValueLimit limit{
      .most =
          [&] {
            asked = true;
            const std::uint64_t most = session.max_payload();
            session.lift_deadline();  // the rest of the input may take any time
            return static_cast<std::size_t>(most);
          },
      .over =
          [&](std::optional<std::uint64_t> size) {
            return over_limit({.bucket = bucket, .key = key, .value_size = size.value_or(0)}, "server",
                              session.max_payload(), {});
          },
  };
  std::string value = read_value(word_, file_, limit);
  if (asked) session.arm_deadline(session.timeout());
  return value;
}

void check_ttl(const std::optional<Span>& ttl) {
  if (ttl && (ttl->ns < seconds(1).ns || ttl->ns % seconds(1).ns != 0)) {
    throw usage("--ttl: a key's time to live is a whole number of seconds, at least 1s");
  }
}

int print(Invocation& natskv, const Written& written) {
  if (!answer_wanted(natskv)) return 0;
  auto rows = natskv.rows(fields::written(), Style::write());
  rows(written);
  rows.finish();
  const std::string_view done = written.operation == Operation::put   ? "stored"
                                : written.operation == Operation::del ? "deleted"
                                                                      : "purged";
  flush_answer(natskv, fmt::format("key \"{}\" of bucket \"{}\" was {}{}", written.key, written.bucket, done,
                                   written.revision == 0 ? std::string()
                                                         : fmt::format(" at revision {}", written.revision)));
  return 0;
}

}  // namespace natskv::commands
