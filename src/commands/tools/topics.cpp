#include "commands/tools/topics.hpp"

#include <algorithm>

namespace natskv::commands {
namespace {

constexpr std::string_view output =
    R"(Lists are tables on a terminal and tab-separated in a pipe; get of one key
prints the value's bytes; writes print the revision. -o chooses another format:

  table   aligned columns under a header, for people: local times, human sizes,
          control characters escaped, binary values as (binary, N B)
  tsv     a line for each record, columns separated by tabs, no header, nothing
          cut; RFC 3339 UTC times, plain numbers; in values \t \n \r \\ and \xHH
  json    one document; for watch a line for each event (-j is the same)
  jsonl   one JSON object a line
  raw     the bytes of values: get of one KEY, or of several with -0

The command line, not the result, decides the shape of JSON. One literal KEY,
info, add and edit give an object. keys, ls, history, diff, several keys and a
PATTERN give an array, even of none or one. A list that fails midway is left
unclosed, so that no parser takes it for complete. A field that does not apply
is absent. Fields are only ever added; natskv-output(7) has all of them.

Results go to standard output; questions, progress, hints, warnings and errors
go to standard error, with -j as JSON, too. -q omits results of writes,
summaries, progress and hints.)";

constexpr std::string_view patterns =
    R"(A key is one or more tokens joined by dots: app.db.host. A PATTERN has wildcards
in place of whole tokens:

  *    any one token          app.*.host    app.db.host, app.web.host
  >    the rest, one or more  app.>         app.db, app.db.host
       tokens; last only      >             every key

A word with such a token is a PATTERN; any other * or > in a word is an error
(app.d* is refused: * stands for a whole token). Quote patterns, so that the
shell leaves them alone: 'app.>'. --literal takes a word with * or > as the name
of a key.

Several patterns, or keys and patterns, select what any of them selects, each
key once. A pattern that selects nothing is not an error; a missing key is one
(status 3).)";

constexpr std::string_view values =
    R"(  BUCKET     letters, digits, _ and -
  KEY        letters, digits and - / _ = in tokens joined by dots; no token is
             empty. Other keys, which other clients may have written, can be
             read, listed, watched, deleted, purged, exported and copied, but
             not put.
  VALUE      any bytes, taken literally; "" is the empty value. Write -- before
             one that begins with -, and -F FILE for a file's bytes.
  REVISION   1 to 18446744073709551615; each write to a bucket gets the next one
  DURATION   250ms, 90s, 1h30m, and d (days), w (weeks), M (months of 30 days),
             y (years of 365 days)
  BYTES      a number, or one with K, M, G or T (also KB, KiB, …), in powers of
             1024; -1 is unlimited

Options may stand before or after the command and between arguments. After --
everything is an argument, or, where a command runs another program, that
program and its arguments; a KEY that begins with - is --key=KEY there. --name=
is an empty value; ++, -, -5 and [a,b] are ordinary words. To give an option
several values, repeat it. An empty number (an unset variable) is an error.)";

constexpr std::string_view exit_status =
    R"(  0    done
  1    failed in a way that no other status names: bucket full, value over the
       limit, a write error
  2    the command line is wrong, or asks for what natskv itself refuses; nothing
       was sent
  3    not found: bucket, key (or deleted, expired), revision, context
  4    conflict: create of a live key, update with a stale revision, add of a
       bucket that exists with another configuration
  5    no answer, and nothing was changed: no server, no JetStream, a read timed
       out, the connection was lost
  6    not allowed: authentication, TLS, permissions, JetStream not enabled
  7    unknown: a write was sent and no answer came; it may have been stored
  124  time is up (wait)
  126  COMMAND cannot be executed
  127  COMMAND does not exist
  129  ended by SIGHUP; 130 by SIGINT; 143 by SIGTERM; 141 because the reader of
       standard output went away

A command with several keys does all it can and ends with the first of 7, 6, 5,
4, 3 and 1 that occurred. A command that runs COMMAND passes on its status. diff
is like diff(1): 0 means the same, 1 different, and what is 1 elsewhere is 2.)";

constexpr std::string_view contexts =
    R"(A context is a server and how to log in to it, saved under a name. natskv uses
the nats tool's own files: $XDG_CONFIG_HOME/nats/context/NAME.json, else
~/.config/nats/context/NAME.json; the selected one is named in context.txt
beside that folder. natskv context adds, shows and selects them.

Each setting comes from the first of these that has it:

  1  an option
  2  the context that --context names
  3  an environment variable
  4  the context that NATS_CONTEXT names, or the selected one
  5  the default

Credentials (user, password, token, creds, nkey, jwt, seed) count as one
setting. With --context, credentials and client certificates in the environment
are not used, and a warning says so. --no-context uses no context at all. If the
server comes from an option or NATS_URL and the credentials from a context that
is merely selected, a warning says so.

In paths of a context ~ and $VAR are expanded. Its user, password, token, creds,
nkey, user_jwt and user_seed may also be env://NAME (a variable), file://PATH or
data:;base64,… (the text itself). A field that is set and not supported is an
error that names it.

No message or trace shows a secret, and those given as options are overwritten
in the process's arguments; files (--password-file, --token-file,
NATS_PASSWORD_FILE, NATS_TOKEN_FILE) and contexts are better places for them.)";

}  // namespace

const std::array<Topic, 5> topics{{
    {"output", "formats, and what JSON looks like", output},
    {"patterns", "selecting keys with * and >", patterns},
    {"values", "durations, bytes, keys, revisions; how words are read", values},
    {"exit-status", "what each status means", exit_status},
    {"contexts", "saved servers, and which setting wins", contexts},
}};

const Topic* find_topic(std::string_view name) {
  const auto found =
      std::find_if(topics.begin(), topics.end(), [&](const Topic& topic) { return topic.name == name; });
  return found == topics.end() ? nullptr : &*found;
}

}  // namespace natskv::commands
