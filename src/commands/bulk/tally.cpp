#include "commands/bulk/tally.hpp"

#include <fmt/format.h>

namespace natskv::commands {

void Tally::add(Natskv& natskv, const Settled& settled, const std::string& where) {
  if (settled.failure) return add(natskv, *settled.failure, where);
  ++(settled.operation == Operation::put ? put : deleted);
}

void Tally::add(Natskv& natskv, const Failure& failure, const std::string& where) {
  if (failure.exit() == Exit::conflict)
    ++conflicts;
  else if (failure.exit() == Exit::unknown)
    ++unknown;
  else
    ++failed;
  natskv.report(Failure(failure.exit(), where + failure.what(), failure.hint(), failure.about()));
}

std::string Tally::text() const {
  std::string text = fmt::format("put {}, unchanged {}, deleted {}, conflicts {}, failed {}, unknown {}", put,
                                 unchanged, deleted, conflicts, failed, unknown);
  if (expired > 0) text += fmt::format(", expired {}", expired);
  if (duplicates > 0)
    text += fmt::format(", {} line{} for keys that came before", duplicates, duplicates == 1 ? "" : "s");
  return text;
}

}  // namespace natskv::commands
