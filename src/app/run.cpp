#include "app/run.hpp"

#include "app/cli.hpp"
#include "app/help.hpp"
#include "app/natskv.hpp"
#include "app/version.hpp"
#include "app/words.hpp"
#include "config/word.hpp"
#include "nats/check.hpp"
#include "terminal/descriptors.hpp"

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

// A failed write to stdout replaces success only: what went wrong before is the better news.
int flushed(int status, Output& out, Natskv& natskv) {
  try {
    out.flush();
    return status;
  } catch (const ReaderGone&) {
    return status == 0 ? status_of(Why::reader_gone) : status;
  } catch (const Failure& failure) {
    if (status == 0) natskv.print(failure);
    return status == 0 ? static_cast<int>(failure.exit()) : status;
  }
}

int act(CommandLine& line, Natskv& natskv, Output& out) {
  if (line.version) {
    out.write(version());
    return 0;
  }
  if (line.help) {
    out.write(line.verb == nullptr ? help() : help(*line.verb, *line.declared));
    return 0;
  }
  if (line.verb == nullptr) {
    natskv.usage_page(help());
    return static_cast<int>(Exit::usage);
  }
  return std::max(line.action->run(natskv), natskv.status());
}

int guarded(CommandLine& line, Natskv& natskv, Output& out, Stop& stop) {
  try {
    return act(line, natskv, out);
  } catch (const Failure& failure) {
    // What was found is printed before what was not.
    try {
      out.flush();
    } catch (const ReaderGone&) {
      return status_of(Why::reader_gone);
    } catch (const Failure&) {  // the first failure is the one to report
    }
    natskv.report(failure);
    return std::max(natskv.status(), static_cast<int>(failure.exit()));
  } catch (const Stopped& stopped) {
    if (!stopped.said.empty()) natskv.warn(stopped.said);
    return status_of(stop.why());
  } catch (const ReaderGone&) {
    return status_of(Why::reader_gone);
  } catch (const nats::Error& error) {
    natskv.print(Failure(Exit::failure, error.what()));
  } catch (const nlohmann::json::exception&) {
    natskv.print(Failure(Exit::failure, "the server's answer has another form than natskv knows"));
  } catch (const std::bad_alloc&) {
    natskv.print(Failure(Exit::failure, "out of memory"));
  } catch (const std::exception& error) {
    natskv.print(Failure(Exit::failure, error.what()));
  }
  return static_cast<int>(Exit::failure);
}

}  // namespace

int status_of(Why why) {
  switch (why) {
    case Why::interrupted:
      return 130;
    case Why::terminated:
      return 143;
    case Why::hung_up:
      return 129;
    case Why::quit:
      return 131;
    case Why::user1:
      return 138;
    case Why::user2:
      return 140;
    case Why::reader_gone:
      return 141;
    case Why::deadline:
      return static_cast<int>(Exit::unreachable);
    case Why::none:
      break;
  }
  return static_cast<int>(Exit::failure);
}

int run(const std::vector<std::string>& words, Output& out, Stop& stop) {
  CommandLine line;
  try {
    read(words, line);
    auto natskv = std::make_unique<Natskv>(
        line.given, line.verb == nullptr ? "" : std::string(line.verb->name), out, stop);
    const int status = flushed(guarded(line, *natskv, out, stop), out, *natskv);
#ifndef NATSKV_UNWIND
    // The connection, its threads and buffers: the kernel takes them back faster than the library.
    [[maybe_unused]] static const Natskv* const kept = natskv.release();
#endif
    return status;
  } catch (const Failure& failure) {
    // The command line itself is wrong, so not all of it was accepted.
    config::Given given;
    given.quiet = line.given.quiet;
    given.json = asks_for_json(words);
    Natskv(given, line.verb == nullptr ? "" : std::string(line.verb->name), out, stop).print(failure);
    return static_cast<int>(failure.exit());
  }
}

void hide_secrets(int argc, char** argv) {
  const auto wipe = [](char* text, std::size_t size) { std::memset(text, 'x', size); };
  const auto value_of = [&](const char* option, int i) {  // of another option: ""
    const std::size_t length = std::strlen(option);
    if (std::strcmp(argv[i], option) == 0 && i + 1 < argc) return argv[i + 1];
    const bool joined = std::strncmp(argv[i], option, length) == 0 && argv[i][length] == '=';
    return joined ? argv[i] + length + 1 : argv[i] + std::strlen(argv[i]);
  };
  for (int i = 1; i < argc; ++i) {
    char* word = argv[i];
    for (const char* option : {"--password", "--token", "--user"}) {  // a user alone is a token
      char* value = value_of(option, i);
      wipe(value, std::strlen(value));
    }
    // Where a file is expected, the secret itself.
    for (const char* option : {"--password-file", "--token-file", "--creds", "--nkey", "--jwt", "--seed"}) {
      char* value = value_of(option, i);
      if (*value == 0 || std::strcmp(value, "-") == 0) continue;
      if (!config::names_file(value)) wipe(value, std::strlen(value));
    }
    // A URL's user part, with or without a scheme. It may hold / and @, so that in a list all up to the last
    // @ goes; so does part of a VALUE with an @, which was read before.
    const std::string_view text(word);
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) continue;
    const std::string_view before = text.substr(0, at);
    std::size_t start = 0;
    if (const std::size_t scheme = before.find("://"); scheme != std::string_view::npos)
      start = scheme + 3;
    else if (before.starts_with("--"))
      start = before.find('=') + 1;  // 0 without one
    wipe(word + start, at - start);
  }
}

void keep_standard_descriptors() {
  terminal::remember_descriptors();
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one: those below are open by now.
    [[maybe_unused]] const int kept =
        ::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  }
}

}  // namespace natskv
