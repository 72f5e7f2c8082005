#include "run.hpp"

#include "app/globals.hpp"
#include "app/invocation.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "commands/all.hpp"
#include "commands/tools/help.hpp"
#include "config/word.hpp"
#include "nats/check.hpp"
#include "nats/version.hpp"
#include "terminal/descriptors.hpp"
#include "terminal/watchdog.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string_view>

namespace natskv {
namespace {

// A failed write to stdout only replaces success: an earlier failure is more important.
int flush_output(int status, Output& out, Invocation& natskv) {
  try {
    out.flush();
    return status;
  } catch (const ReaderGone&) {
    return status == 0 ? status_of(StopReason::reader_gone) : status;
  } catch (const Failure& failure) {
    return status == 0 ? natskv.print(failure) : status;
  }
}

std::string version() {
  return std::string("natskv ") + NATSKV_VERSION + " (nats.c compiled " + nats::compiled_version() +
         ", running " + nats::running_version() + ")\n";
}

int run_action(const Scan& line, Invocation& natskv, Output& out) {
  const Verb* verb = line.bound.verb;
  if (line.version || line.help) {
    const std::string page = line.version      ? version()
                             : verb == nullptr ? commands::overview(natskv.program())
                                               : help(*verb, *line.bound.declaration);
    out.write(natskv.terminal_style().color ? with_bold_headings(page) : page);
    return 0;
  }
  if (verb == nullptr) {
    if (natskv.json()) throw usage("no command was given", "natskv --help lists the commands");
    natskv.write_stderr(commands::overview(natskv.program()));
    return static_cast<int>(Exit::usage);
  }
  const int status = line.bound.action->run(natskv);
  return std::max(status, natskv.status());  // with what was reported meanwhile
}

int report_failures(const Scan& line, Invocation& natskv, Output& out, Stop& stop) {
  try {
    return run_action(line, natskv, out);
  } catch (const Failure& failure) {
    // Results are printed before the failure.
    try {
      out.flush();
    } catch (const ReaderGone&) {
      return status_of(StopReason::reader_gone);
    } catch (const Failure&) {  // the first failure is the one to report
    }
    natskv.report(failure);
    return std::max(natskv.status(), static_cast<int>(failure.exit()));
  } catch (const Stopped& stopped) {
    if (!stopped.said.empty()) natskv.warn(stopped.said);
    return status_of(stop.why());
  } catch (const ReaderGone&) {
    return status_of(StopReason::reader_gone);
  } catch (const nats::Error& error) {
    return natskv.print(Failure(Exit::failure, error.what()));
  } catch (const nlohmann::json::exception&) {
    return natskv.print(Failure(Exit::failure, "the server's answer has an unexpected form"));
  } catch (const std::bad_alloc&) {
    return natskv.print(Failure(Exit::failure, "out of memory"));
  } catch (const std::exception& error) {
    return natskv.print(Failure(Exit::failure, error.what()));
  }
}

// Overwrites the secrets among the process's arguments, so that ps does not show them. They were copied
// before.
void hide_secrets(const Scan& line, int argc, char** argv) {
  const auto wipe = [](char* text, std::size_t size) { std::memset(text, 'x', size); };
  for (const SecretPart& part : line.secrets) {
    char* const value = argv[part.at + 1] + part.from;
    if (part.file && (*value == 0 || std::strcmp(value, "-") == 0 || config::names_file(value))) continue;
    wipe(value, std::strlen(value));
  }
  // A URL's user part, with or without a scheme. It may contain / and @, so in a list everything up to the
  // last @ is overwritten; so is part of a VALUE with an @, which was copied before.
  for (int i = 1; i < argc; ++i) {
    const std::string_view text(argv[i]);
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) continue;
    const std::string_view before = text.substr(0, at);
    std::size_t start = 0;
    if (const std::size_t scheme = before.find("://"); scheme != std::string_view::npos)
      start = scheme + 3;
    else if (before.starts_with("--"))
      start = before.find('=') + 1;  // 0 without one
    wipe(argv[i] + start, at - start);
  }
}

}  // namespace

int run(int argc, char** argv, Output& out, Stop& stop) {
  const Program program{commands::table(), declare_globals, commands::peers()};
  const Scan line = scan(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
  hide_secrets(line, argc, argv);
  const auto start = [&](const config::Given& given) {
    const Verb* verb = line.bound.verb;
    return std::make_unique<Invocation>(program, given, verb == nullptr ? "" : std::string(verb->name), out,
                                        stop);
  };
  try {
    accept(line);
    auto natskv = start(*line.bound.given);
    const int status = flush_output(report_failures(line, *natskv, out, stop), out, *natskv);
    // The status is known: a deadline that passes while the connection is closed does not change it.
    if (auto* const watchdog = Watchdog::current()) watchdog->unwinding_done();
#ifndef NATSKV_UNWIND
    // The connection, its threads and buffers: the kernel takes them back faster than the library.
    [[maybe_unused]] static const Invocation* const kept = natskv.release();
#endif
    return status;
  } catch (const Failure& failure) {
    return start(presentation(line))->print(failure);
  }
}

void keep_standard_descriptors() {
  terminal::remember_descriptors();
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // This is the lowest free number, as those below are open.
    [[maybe_unused]] const int kept =
        ::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  }
}

}  // namespace natskv
