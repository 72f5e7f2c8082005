#include "commands/shared/repeated.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "commands/shared/command.hpp"

namespace natskv::commands {

EventVariables event_variables(const Entry& entry) {
  return {{"BUCKET", std::string(entry.bucket)},
          {"KEY", std::string(entry.key)},
          {"OPERATION", std::string(name_of(entry.operation))},
          {"REVISION", std::to_string(entry.revision)},
          {"CREATED", text::rfc3339(entry.created)}};
}

Repeated::Repeated(const std::vector<std::string>& command, std::chrono::nanoseconds grace, int held)
    : program_{.argv = command}, supervisor_(grace, held) {
  program_.path = terminal::find_program(command.at(0));
}

Repeated::Finished Repeated::run(Invocation& natskv, const EventVariables& variables, std::string_view input,
                                 const std::function<void()>& meanwhile) {
  if (natskv.stop()) throw Stopped{};
  const File file = in_memory(input);
  program_.in = file.fd();
  unset_event_variables(program_);
  for (const auto& [name, value] : variables) program_.environment["NATSKV_" + name] = value;
  supervisor_.start(program_);
  while (!supervisor_.wait({}, BootClock::now() + std::chrono::seconds(1))) meanwhile();
  report_leftovers(natskv, supervisor_);
  return {supervisor_.status(), supervisor_.was_stopped(), supervisor_.signal()};
}

}  // namespace natskv::commands
