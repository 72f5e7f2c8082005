// What the manual says beside the declarations: sentences about the whole program.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace natskv::docs {

using Pair = std::pair<std::string_view, std::string_view>;

inline constexpr std::string_view about =
    "natskv administers and scripts key-value buckets of NATS JetStream: it makes and changes buckets, reads "
    "and writes "
    "keys byte for byte, with compare-and-set, lists, watches, keeps history, and moves data between "
    "buckets.\n\n"
    "Data go to standard output; prompts, progress, hints, warnings and errors go to standard error. Lists "
    "are tables "
    "on a terminal and tab-separated in a pipe; every command has JSON. A message is one line; where there "
    "is a likely "
    "next step a second line begins with \"hint:\".\n\n"
    "Nothing is destroyed by accident: removing a bucket, emptying it, deleting by pattern, pruning and "
    "compacting ask "
    "on a terminal; elsewhere they need --force.";

inline constexpr std::string_view words =
    "Options may stand before or after the command and between arguments. After -- everything is an "
    "argument. "
    "--name= is an empty value; ++, -, -5 and [a,b] are ordinary words. A list option takes one value and is "
    "repeated. "
    "Behind KEY, a VALUE that looks like an option is refused: write -- before it. An empty number (an unset "
    "variable) "
    "is an error.";

inline constexpr std::array kinds{
    Pair{"BUCKET", "letters, digits, _ and -."},
    Pair{"KEY",
         "letters, digits, and - / _ = . without an empty token (no leading, trailing or double dot). Keys "
         "that other "
         "programs wrote outside of this can be listed, read, watched, deleted and purged."},
    Pair{"PATTERN",
         "tokens between dots of which one or more are * (one token), or the last is > (one or more tokens): "
         "a.*, a.>. "
         "A word with such a token is a PATTERN; --literal takes it as a key."},
    Pair{"REVISION", "1 to 18446744073709551615."},
    Pair{"DURATION",
         "1h30m, 90s, 250ms, and d (days), w (weeks), M (months of 30 days), y (years of 365 days)."},
    Pair{
        "BYTES",
        "a number, or one with B, K, KB, KiB, M, MB, MiB, G, GB, GiB, T, TB or TiB, in powers of 1024; -1 is "
        "unlimited."},
};

inline constexpr std::array statuses{
    Pair{"0", "done."},
    Pair{"1",
         "failed in a way that no other status names: bucket full, value over the limit, a write error."},
    Pair{"2",
         "the command line is wrong, or asks for what natskv itself refuses; nothing was sent (but by "
         "import: of a pipe, what "
         "came before a bad line)."},
    Pair{"3", "not found: no such bucket, key (or deleted, expired), revision, context."},
    Pair{"4", "conflict: create on a live key, update with a stale revision, add of another configuration."},
    Pair{"5",
         "no answer, nothing was changed: nobody listens, no JetStream, a read timed out, connection lost."},
    Pair{"6", "not allowed: authentication, TLS, permission, JetStream not enabled for the account."},
    Pair{"7",
         "outcome unknown: a write was sent and no answer came; it may have been stored. Or the server was "
         "lost behind a part of "
         "many writes; what was written stays. Or a node of a cluster that knows no leader refused a change "
         "of a "
         "bucket or a purge, which another may have done."},
    Pair{"130, 143, 141", "ended by SIGINT, by SIGTERM, or because standard output's reader went away."},
};

inline constexpr std::string_view many =
    "A command with several keys does all it can and ends with the first of 7, 6, 5, 4, 3, 1 that occurred. "
    "sandbox "
    "passes on its command's status. diff is like diff(1): 0 same, 1 different, and what is 1 elsewhere is "
    "2.";

inline constexpr std::string_view contexts =
    "A context is a file of the nats tool that says how to reach a server: "
    "$XDG_CONFIG_HOME/nats/context/NAME.json, "
    "else ~/.config/nats/context/NAME.json. The selected one is named in context.txt beside that folder. "
    "Fields read: "
    "url, token, user, password, creds, nkey, cert, key, ca, jetstream_domain, jetstream_api_prefix, "
    "inbox_prefix, "
    "user_jwt, user_seed and tls_first; ~ and $VAR are expanded in paths. A field that is set and not "
    "supported is an "
    "error that names it.\n\n"
    "An option is stronger than its environment variable, that than the context, that than the default. An "
    "empty "
    "variable counts as unset. Where the server comes from an option or NATS_URL and credentials from a "
    "context that "
    "was merely selected, a warning says so.\n\n"
    "--jwt and --seed take the JWT and the seed themselves, as the nats tool does, or a file's name or "
    "file://PATH; "
    "so do the context's fields. Elsewhere a word that is no readable file's name is not shown unless it "
    "looks like "
    "one: it may be the secret.\n\n"
    "Secrets are in no message and no trace, and those given as options are overwritten in the process's "
    "arguments; "
    "files and variables are better places for them.";

inline constexpr std::array variables{
    Pair{"COLUMNS", "width of tables, where standard output is a terminal."},
    Pair{"NO_COLOR, CLICOLOR_FORCE, TERM",
         "no colours; colours without a terminal too; dumb: no colours, no progress."},
    Pair{"LC_ALL, LC_CTYPE, LANG",
         "where they name another character set than UTF-8, what is shown to people is ASCII, other "
         "characters "
         "escaped; data are never changed."},
    Pair{"VISUAL, EDITOR", "the editor of edit-value."},
    Pair{"XDG_CONFIG_HOME, HOME", "where contexts are."},
    Pair{
        "XDG_RUNTIME_DIR, TMPDIR",
        "where a sandbox keeps its data while it lives; edit-value and import keep temporary files in TMPDIR "
        "only, else in /tmp."},
    Pair{"SHELL, PATH",
         "what sandbox runs without a COMMAND; where it looks for nats-server, and behind that in "
         "/usr/local/sbin and /usr/sbin."},
    Pair{"TZ", "the zone of times in tables."},
};

inline constexpr std::array differences{
    Pair{"rm B removes a bucket and nothing else, del a key and nothing else",
         "in nats kv del B and rm B both remove a bucket, rm B K a key: there a forgotten key costs a "
         "bucket."},
    Pair{"del and purge of keys act at once; patterns and rm ask",
         "nats kv asks for one key, and fails in scripts."},
    Pair{"put, create and update print the revision",
         "nats kv prints the value: the revision is what compare-and-set needs, and secrets stay out of "
         "logs."},
    Pair{"an empty VALUE is the empty value",
         "nats kv then reads standard input; here an empty standard input is an error."},
    Pair{"get prints the bytes", "nats kv prints a block, cut, and base64 for UTF-8."},
    Pair{"keys -v is one stream of messages", "nats kv ls -v asks once a key, and its Delta is always 0."},
    Pair{"compact says that it keeps markers under 30 minutes, and --older-than changes it",
         "nats kv compact keeps them silently."},
    Pair{"edit changes what is named and keeps the rest", "nats kv edit rebuilds the configuration."},
    Pair{"an exit status says what went wrong", "nats kv ends with 1 for everything."},
    Pair{"JSON everywhere", "nats kv has none."},
};

inline constexpr std::string_view first_steps =
    "$ natskv sandbox\n$ natskv -q add config\n$ natskv put config greeting hello\n1\n$ natskv get config "
    "greeting\nhello\n";

inline constexpr std::array formats{
    Pair{"table",
         "aligned columns under a header, for people: local times, human sizes, cut to the terminal's width "
         "(on a narrow one titles are shortened and times left out), control "
         "characters escaped, binary values as (binary, N B). The default on a terminal, for lists."},
    Pair{"tsv",
         "tab-separated, no header, nothing cut; RFC 3339 UTC times, plain numbers; in values \\t \\n \\r "
         "\\\\ and \\xHH "
         "(controls, and what is not UTF-8). The default in a pipe, for lists."},
    Pair{"json",
         "one document: an object or an array, by the command line, not by the result; for watch a line an "
         "event."},
    Pair{"jsonl", "an object a line."},
    Pair{"raw", "the bytes of values: get of one KEY; of several with -0 only."},
};

inline constexpr std::string_view shapes =
    "In JSON, get, put, create, update, edit-value, del, purge and revert of one literal KEY, and info, add, "
    "edit and context show, are an object; keys, ls, history, diff, doctor, context ls, several keys or a "
    "PATTERN are an array, of none and one too; keys of names and ls --names are an array of strings, keys "
    "-v of entries; keys --count is a number. A list that fails midway is left unclosed, so that no parser "
    "takes it for "
    "whole.\n\n"
    "JSON is UTF-8. A field has one type; what does not apply, and unlimited, is absent. Fields and columns "
    "are only "
    "ever added to.";

inline constexpr std::string_view error_line =
    "With json and jsonl a failure is also one line on standard error:\n\n"
    "  "
    "{\"error\":{\"exit\":4,\"code\":\"conflict\",\"bucket\":\"config\",\"key\":\"app\",\"revision\":3,"
    "\"message\":\"...\"}}\n\n"
    "The codes are 1 failure, 2 usage, 3 not_found, 4 conflict, 5 unreachable, 6 not_allowed, 7 unknown.";

}  // namespace natskv::docs
