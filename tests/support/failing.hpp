// What a call threw, as text: unit tests compare whole messages.
#pragma once

#include "base/failure.hpp"

#include <string>

namespace natskv::test {

/// "2: message" (the status first), with "\nhint: …" if there is one; "no failure" if it returned.
template <class Call>
std::string failure(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const Failure& failure) {
    std::string text = std::to_string(static_cast<int>(failure.exit())) + ": " + failure.what();
    if (!failure.hint().empty()) text += "\nhint: " + failure.hint();
    return text;
  }
  return "no failure";
}

}  // namespace natskv::test
