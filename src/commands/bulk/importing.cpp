#include "commands/bulk/importing.hpp"

#include "base/parse.hpp"
#include "base/text.hpp"
#include "commands/keys/writing.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::commands {
namespace {

constexpr nats::Pipeline::Limits window{.messages = 2000, .bytes = std::size_t{8} << 20U};

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

Importer::Importer(Natskv& natskv, const ImportOptions& options)
    : natskv_(natskv),
      options_(options),
      lines_(options.file,
             [this] {
               if (natskv_.stop()) throw Stopped{};
               if (writer_ != nullptr) writer_->poll();
             }),
      bucket_(natskv.bucket(options.bucket)),
      prune_{natskv.session(), options.bucket, options.prune_patterns} {}

int Importer::run() {
  if (options_.file == "-" && lines_.terminal()) {
    throw usage("the lines come from --file or from standard input, which is a terminal");
  }
  if (options_.prune && !options_.dry_run) prune_.confirm(natskv_, nullptr, options_.force);
  Session& session = natskv_.session();
  session.keep_reconnecting();
  // The longest line that can hold a value the server takes: each of its bytes written \u00XX.
  lines_.longest(static_cast<std::size_t>(session.max_payload()) * 6 + (std::size_t{64} << 10U));
  session.lift_deadline();
  look_at_bucket();
  const bool asks = options_.prune && !options_.force && !options_.dry_run;
  if (!lines_.regular() && (options_.check || asks)) lines_.spool();
  if (lines_.regular()) check_lines();
  if (asks) ask();
  send_lines();
  return natskv_.status();
}

std::string Importer::where(std::uint64_t line) const { return fmt::format("line {}: ", line); }

void Importer::not_acknowledged(std::uint64_t line) {
  if (first_missing_ == 0 || line < first_missing_) first_missing_ = line;
}

void Importer::parse(std::string_view text) {
  try {
    parser_.parse(text, line_);
    if (options_.update && !line_.revision) throw usage("--update needs \"revision\"");
  } catch (const Failure& failure) {
    throw Failure(failure.exit(), where(lines_.number()) + failure.what(),
                  writer_ == nullptr ? "nothing was written" : "", {options_.bucket, {}, 0});
  }
  if (!parser_.unknown().empty() && !warned_) {
    warned_ = true;
    natskv_.warn(fmt::format("line {}: no entry has a member {}; such members are ignored", lines_.number(),
                             natskv::parse::quoted(parser_.unknown())));
  }
}

// A regular file is read whole before anything is sent.
void Importer::check_lines() {
  while (const auto text = lines_.next()) {
    if ((lines_.number() & 1023U) == 0 && natskv_.stop()) throw Stopped{};
    if (blank(*text)) continue;
    ++total_;
    try {
      parse(*text);
    } catch (const Failure&) {
      if (!options_.keep_going) throw;  // otherwise said when its turn to be sent comes
      continue;
    }
    if (options_.keep_going) continue;
    if (const auto failure = unfit()) {
      throw Failure(failure->exit(), where(lines_.number()) + failure->what(),
                    failure->hint() + (failure->hint().empty() ? "" : "; ") + "nothing was written",
                    failure->about());
    }
  }
  if (total_ == 0 && options_.prune && !options_.allow_empty) {
    throw usage(fmt::format("{} is empty, and --prune would delete every key", lines_.shown()),
                "--allow-empty does that");
  }
  checked_ = true;
  lines_.rewind();
}

/// What the server would not take for a reason that is known before.
std::optional<Failure> Importer::unfit() const {
  const Doing doing{.bucket = options_.bucket, .key = line_.key, .value_size = line_.value.size()};
  if (max_payload_ > 0 && doing.value_size > max_payload_)
    return over_limit(doing, "server", max_payload_, {});
  if (max_value_ > 0 && doing.value_size > max_value_)
    return over_limit(doing, "bucket", max_value_, "natskv edit --max-value-size raises it");
  if (!line_.ttl || options_.ignore_ttl || ttl_allowed_) return std::nullopt;
  return Failure(Exit::failure,
                 fmt::format("key \"{}\" has a time to live, bucket \"{}\" has no per-key TTL", line_.key,
                             options_.bucket),
                 "--ignore-ttl writes it without", {options_.bucket, line_.key, 0});
}

void Importer::ask() {
  Seen keys(total_);
  while (const auto text = lines_.next()) {
    if (blank(*text)) continue;
    try {
      parse(*text);
      keys.insert(line_.key);
    } catch (const Failure&) {  // then nothing is pruned
    }
  }
  lines_.rewind();
  prune_.confirm(natskv_, &keys, false);
}

void Importer::look_at_bucket() {
  const auto& info = bucket_.info();
  ttl_allowed_ = bucket_.written_config().value("allow_msg_ttl", false);
  // A mirror's writes go to its origin, which has a limit of its own.
  const auto most = info.at("config").value("max_msg_size", std::int64_t{-1});
  if (most > 0 && !bucket_.place().mirror) max_value_ = static_cast<std::uint64_t>(most);
  max_payload_ = natskv_.session().max_payload();
  server_time_taken_ = std::chrono::steady_clock::now();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  server_time_ = Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  // A server that knows per-key TTLs says its time.
  if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string()) {
    server_time_ = text::from_rfc3339(ts->get<std::string>()).value_or(server_time_);
  }
  if (!options_.skip_unchanged && !options_.dry_run) return;
  EntryStream entries(natskv_.session(), options_.bucket, {.values = options_.skip_unchanged, .slow = true});
  snapshot_.emplace(entries.total());
  while (const Entry* entry = entries.next_current()) snapshot_->set(*entry);
}

Instant Importer::server_now() const {
  const auto passed = std::chrono::steady_clock::now() - server_time_taken_;
  return Instant{server_time_.ns + std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count()};
}

void Importer::send_lines() {
  if (options_.dry_run) {
    send_each(nullptr);
    prune();
    return summary();
  }
  progress_.emplace("import " + options_.bucket, total_, natskv_.quiet());
  try {
    Writer writer(
        bucket_, [this](const Settled& s) { settled(s); }, window, Writer::Loss::survives);
    writer_ = &writer;
    write_all(writer, [&] { send_all(writer); });
    writer_ = nullptr;
    progress_.reset();
    prune();
  } catch (...) {
    writer_ = nullptr;
    progress_.reset();
    summary();
    throw;
  }
  summary();
}

void Importer::send_all(Writer& writer) {
  try {
    send_each(&writer);
  } catch (const Failure& failure) {
    if (all_read_) throw;
    not_acknowledged(handled_ + 1);
    if (failure.exit() == Exit::usage) ++tally_.failed;  // the line itself: run() says why
    throw;
  } catch (...) {
    if (!all_read_) not_acknowledged(handled_ + 1);
    throw;
  }
}

// Every line up to the end or the first failure.
void Importer::send_each(Writer* writer) {
  while (const auto text = lines_.next()) {
    if (natskv_.stop()) throw Stopped{};
    if (halted_) return not_acknowledged(lines_.number());
    if (!blank(*text)) send_line(writer, *text);
    handled_ = lines_.number();
  }
  all_read_ = true;
  if (read_ == 0 && options_.prune && !options_.allow_empty) {
    throw usage(fmt::format("{} is empty, and --prune would delete every key", lines_.shown()),
                "--allow-empty does that");
  }
}

void Importer::send_line(Writer* writer, std::string_view text) {
  ++read_;
  try {
    parse(text);
  } catch (const Failure& failure) {
    return bad_line(failure);
  }
  Write write{.key = line_.key, .value = line_.value, .operation = line_.operation};
  if (!plan(writer, write)) return;
  if (writer != nullptr)
    writer->push(lines_.number(), std::move(write));
  else
    ++(write.operation == Operation::put ? tally_.put : tally_.deleted);
}

void Importer::bad_line(const Failure& failure) {
  invalid_ = true;
  if (!options_.keep_going) throw failure;
  not_acknowledged(lines_.number());
  tally_.add(natskv_, failure, {});
}

/// A line that is not sent for a reason of its own.
void Importer::refuse(const Failure& failure) {
  settled({.number = lines_.number(), .key = line_.key, .failure = failure});
}

/// false: the line needs no write, and is counted.
bool Importer::plan(Writer* writer, Write& write) {
  const bool again = !keys_.insert(write.key);
  if (again) ++tally_.duplicates;
  if (const auto failure = unfit()) {
    refuse(*failure);
    return false;
  }
  if (!plan_ttl(write)) return false;
  const auto* known = snapshot_ && !again ? snapshot_->find(write.key) : nullptr;
  if (known != nullptr && options_.skip_unchanged && snapshot_->holds(*known, write.operation, write.value)) {
    ++tally_.unchanged;
    return false;
  }
  if (options_.update) {
    write.expected = line_.revision;
    if (writer != nullptr) return true;
    const auto latest = known == nullptr ? 0 : Snapshot::revision(*known);
    if (!again && latest == *line_.revision) return true;
    refuse(conflict({.bucket = options_.bucket, .key = write.key, .revision = *line_.revision}, latest));
    return false;
  }
  return !options_.create || plan_create(writer, write, again);
}

bool Importer::plan_ttl(Write& write) {
  if (!line_.ttl || options_.ignore_ttl) return true;
  std::int64_t left = line_.ttl->ns;
  if (line_.created && __builtin_add_overflow(left, line_.created->ns - server_now().ns, &left)) left = 0;
  if (left <= 0) {
    ++tally_.expired;
    return false;
  }
  // The server counts whole seconds; a part of one is rounded up, for less than one is refused.
  write.ttl = seconds((left - 1) / 1'000'000'000 + 1);
  return true;
}

// Only new keys; a key's later lines go over the one that was new.
bool Importer::plan_create(Writer* writer, Write& write, bool again) {
  const auto exists = [&](std::uint64_t revision) {
    refuse(conflict({.bucket = options_.bucket, .key = write.key, .creates = true}, revision));
    return false;
  };
  if (writer == nullptr) {
    const auto* known = snapshot_->find(write.key);
    return known == nullptr || !snapshot_->live(*known) || exists(Snapshot::revision(*known));
  }
  writer->wait_for(write.key);
  if (refused_.contains(write.key)) return exists(0);
  write.expected = 0;
  write.creates = true;
  if (!again) return true;
  const auto latest = bucket_.entry(write.key, {}, true);
  write.expected = latest ? latest->entry.revision : 0;
  write.creates = false;
  return true;
}

void Importer::settled(const Settled& settled) {
  tally_.add(natskv_, settled, settled.failure ? where(settled.number) : std::string());
  if (progress_) progress_->tick(tally_.done());
  if (!settled.failure) return;
  if (options_.create) refused_.insert(settled.key);
  if (settled.failure->exit() == Exit::conflict) return;
  not_acknowledged(settled.number);
  halted_ = halted_ || !options_.keep_going;
}

// Only where the bucket now holds the whole input.
void Importer::prune() {
  if (!options_.prune) return;
  if (invalid_ || halted_ || !tally_.clean()) {
    natskv_.warn("nothing was pruned, for not every line was written");
    return;
  }
  if (options_.dry_run) {
    tally_.deleted += prune_.list(natskv_, keys_);
    return;
  }
  Writer writer(
      bucket_, [this](const Settled& s) { tally_.add(natskv_, s, "prune: "); }, window,
      Writer::Loss::survives);
  write_all(writer, [&] {
    prune_.run(keys_, writer, [this](const Failure& f) { tally_.add(natskv_, f, "prune: "); });
  });
}

void Importer::summary() {
  std::string text = fmt::format("bucket \"{}\": {}{}", options_.bucket, options_.dry_run ? "would be: " : "",
                                 tally_.text());
  if (first_missing_ != 0) {
    text += fmt::format("; the first line that was not acknowledged is {}", first_missing_);
  }
  natskv_.note(text);
}

}  // namespace natskv::commands
