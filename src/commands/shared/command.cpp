#include "commands/shared/command.hpp"

#include "base/boot_clock.hpp"
#include "base/failure.hpp"
#include "base/file.hpp"
#include "terminal/captured.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>

namespace natskv::commands {

using namespace std::chrono_literals;

void unset_event_variables(terminal::Program& program) {
  for (const char* name : {"BUCKET", "KEY", "OPERATION", "REVISION", "CREATED", "EVENTS"})
    program.environment[fmt::format("NATSKV_{}", name)] = std::nullopt;
}

void connect_where_lost(Invocation& natskv) {
  Session& session = natskv.session();
  if (!session.wire().closed()) return;
  natskv.warn("connection lost");
  const auto until = BootClock::now() + std::chrono::nanoseconds(session.timeout().ns);
  for (bool back = false; !back;) {
    try {
      session.connect_again();
      back = true;
    } catch (const Failure& failure) {
      session.lift_deadline();
      if (failure.exit() != Exit::unreachable || natskv.stop() || BootClock::now() >= until) throw;
      natskv.stop().pause(100ms);
    }
  }
  natskv.note("connection restored");
}

void report_leftovers(Invocation& natskv, const terminal::Supervisor& supervisor) {
  const int left = supervisor.leftovers();
  if (left == 0) return;
  natskv.warn(left == 1
                  ? "COMMAND ended and left a process running, which was stopped"
                  : fmt::format("COMMAND ended and left {} processes running, which were stopped", left));
}

int run_program(Invocation& natskv, const terminal::Program& program) {
  if (natskv.stop()) throw Stopped{};
  terminal::Supervisor supervisor;
  supervisor.start(program);
  while (!supervisor.wait()) {
  }
  report_leftovers(natskv, supervisor);
  return supervisor.status();
}

Filtered run_filter(Invocation& natskv, terminal::Supervisor& supervisor, terminal::Program program,
                    std::string_view input, std::size_t most) {
  if (natskv.stop()) throw Stopped{};
  const File in = in_memory(input);
  terminal::Captured out(most);
  program.in = in.fd();
  program.out = out.stdout_of_program();
  supervisor.on_end([&] { out.close(); });
  const std::shared_ptr<void> nobody_later(nullptr, [&](void*) { supervisor.on_end({}); });
  supervisor.start(program);
  out.started();
  for (bool over = false; !over;) {
    std::array fds{out.input()};
    over = supervisor.wait(fds);
    if (fds[0].revents != 0) out.read();
    if (out.too_long()) supervisor.stop();
  }
  report_leftovers(natskv, supervisor);
  if (out.too_long()) return {supervisor.status(), std::nullopt};
  return {supervisor.status(), out.bytes()};
}

}  // namespace natskv::commands
