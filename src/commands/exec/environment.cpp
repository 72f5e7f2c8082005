#include "commands/exec/environment.hpp"

#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/pattern.hpp"
#include "base/quote.hpp"
#include "kv/explain.hpp"
#include "kv/read/listing.hpp"
#include "kv/read/together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace natskv::commands {
namespace {

// With any of these someone who can write to the bucket could run code. * stands for any ending.
constexpr std::array<std::string_view, 41> guarded{"PATH",        "HOME",
                                                   "IFS",         "ENV",
                                                   "BASH_ENV",    "SHELLOPTS",
                                                   "PS4",         "LD_*",
                                                   "DYLD_*",      "GCONV_PATH",
                                                   "PYTHON*",     "PERL5*",
                                                   "PERLLIB",     "RUBY*",
                                                   "LUA_INIT*",   "NODE_OPTIONS",
                                                   "CLASSPATH",   "JAVA_TOOL_OPTIONS",
                                                   "PHPRC",       "_JAVA_OPTIONS",
                                                   "ZDOTDIR",     "JDK_JAVA_OPTIONS",
                                                   "EDITOR",      "PROMPT_COMMAND",
                                                   "VISUAL",      "DOTNET_STARTUP_HOOKS",
                                                   "PAGER",       "LESSOPEN",
                                                   "MAKEFLAGS",   "OPENSSL_CONF",
                                                   "SSH_ASKPASS", "GLIBC_TUNABLES",
                                                   "KUBECONFIG",  "SUDO_ASKPASS",
                                                   "DOCKER_*",    "*_PROXY",
                                                   "XDG_*",       "NPM_CONFIG_*",
                                                   "GIT_*",       "NATS_*",
                                                   "NATSKV_*"};

bool covers(std::string_view guard, std::string_view name) {
  if (guard.empty()) return false;
  if (guard.ends_with('*')) return name.starts_with(guard.substr(0, guard.size() - 1));
  // With a prefix such a name has no effect: APP_HTTP_PROXY.
  if (guard.starts_with('*')) return name.ends_with(guard.substr(1)) && name.find('_') == name.rfind('_');
  return name == guard;
}

}  // namespace

std::string Naming::name_of(std::string_view key) const {
  if (strip && key.starts_with(*strip)) key.remove_prefix(strip->size());
  std::string name = prefix.value_or("");
  name += key;
  for (char& c : name) {
    if (!ascii::alnum(c))
      c = '_';
    else if (!keep_case)
      c = ascii::upper(c);
  }
  if (!name.empty() && ascii::digit(name[0])) name.insert(0, "_");
  return name;
}

bool Naming::steers_programs(std::string_view name) const {
  const std::string word = ascii::upper(name);
  const auto is_allowed = [&](const std::string& allowed) { return ascii::upper(allowed) == word; };
  if (std::any_of(allow.begin(), allow.end(), is_allowed)) return false;
  return std::any_of(guarded.begin(), guarded.end(),
                     [&](std::string_view guard) { return covers(guard, word); });
}

void Variables::add(std::string_view key, std::string_view value) {
  const std::string name = naming_->name_of(key);
  const About about{bucket_, std::string(key), 0};
  const std::string whose = fmt::format("key {} in bucket \"{}\"", in_quotes(key), bucket_);
  if (name.empty())
    throw Failure(Exit::failure, fmt::format("{} leaves no name for a variable", whose), {}, about);
  if (value.find('\0') != std::string_view::npos) {
    throw Failure(Exit::failure,
                  fmt::format("the value of {} has a NUL byte, which {} cannot contain", whose, name), {},
                  about);
  }
  if (naming_->steers_programs(name)) {
    throw Failure(Exit::failure,
                  fmt::format("{} would set {}, through which its writer could run any program", whose, name),
                  fmt::format("--prefix gives all variables another name; --allow {} allows this one", name),
                  about);
  }
  const auto [at, added] = variables_.try_emplace(name, Variable{std::string(key), std::string(value)});
  if (added) return;
  if (at->second.key != key) {
    throw Failure(Exit::failure,
                  fmt::format("keys {} and {} in bucket \"{}\" would both be {}", in_quotes(at->second.key),
                              in_quotes(key), bucket_, name),
                  {}, about);
  }
  at->second.value = value;
}

void Variables::remove(std::string_view key) {
  const auto at = variables_.find(naming_->name_of(key));
  if (at != variables_.end() && at->second.key == key) variables_.erase(at);
}

void EnvironmentArguments::declare(Declaration& a) {
  a.bucket(bucket);
  a.take(
      {.name = "KEY", .kind = Kind::pattern, .help = "a key, several, or a PATTERN (all keys)", .many = true},
      words);
  a.take({.name = "--strip",
          .kind = Kind::text,
          .help = "remove this beginning of KEY from the name",
          .placeholder = "PREFIX"},
         naming.strip);
  a.take(
      {.name = "--prefix", .kind = Kind::text, .help = "put this before each name", .placeholder = "PREFIX"},
      naming.prefix);
  a.flag("--keep-case", naming.keep_case, "do not turn names to upper case");
  a.take({.name = "--allow",
          .kind = Kind::text,
          .help = "set this variable even though it controls programs (PATH, LD_PRELOAD, …)",
          .many = true,
          .placeholder = "NAME"},
         naming.allow);
  a.flag("--allow-empty", allow_empty, "continue if a PATTERN, or the bucket, has no keys");
}

void EnvironmentArguments::check() const { (void)parse::patterns(words); }

Variables EnvironmentArguments::read(Invocation& natskv) const {
  Variables variables(bucket, naming);
  auto patterns = parse::patterns(words);
  if (patterns.empty()) patterns.push_back({.text = ">", .wild = true});
  std::vector<bool> met(patterns.size());
  const auto take = [&](const Entry& entry) {
    variables.saw(entry.revision);
    if (entry.marker()) return variables.remove(entry.key);
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (selects(patterns[i], entry.key)) met[i] = true;
    }
    variables.add(entry.key, entry.value.data);
  };
  // As of one moment, if the server supports that: never a part of what was written at once.
  auto handle = natskv.bucket(bucket);
  if (const auto together = get_together(handle, patterns)) {
    for (const auto& found : *together) take(found.entry);
  } else {
    Listing entries(natskv.session(), bucket, {.patterns = patterns});
    while (const Entry* entry = entries.next()) take(*entry);
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (met[i] || (patterns[i].wild && allow_empty)) continue;
    if (!patterns[i].wild) throw no_key(bucket, patterns[i].text);
    throw Failure(Exit::not_found,
                  words.empty() ? fmt::format("bucket \"{}\" has no keys", bucket)
                                : fmt::format("no key in bucket \"{}\" matches {}", bucket,
                                              in_quotes(patterns[i].text)),
                  "--allow-empty continues without them", {bucket});
  }
  return variables;
}

}  // namespace natskv::commands
