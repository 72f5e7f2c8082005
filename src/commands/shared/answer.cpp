#include "commands/shared/answer.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

namespace natskv::commands {

bool answer_wanted(const Invocation& natskv) {
  return !natskv.quiet() || natskv.given().output || natskv.given().json;
}

void flush_answer(Invocation& natskv, const std::string& done) {
  try {
    natskv.out().flush();
  } catch (const Failure& failure) {
    throw failure.saying(fmt::format("{}, but natskv {}", done, failure.what()));
  }
}

}  // namespace natskv::commands
