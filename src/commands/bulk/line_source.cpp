#include "commands/bulk/line_source.hpp"

#include "base/parse.hpp"

#include <fmt/format.h>

#include <utility>

namespace natskv::commands {
namespace {

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

/// The failure for common files that are not JSON Lines.
Failure foreign(const std::string& shown, std::string_view what, std::string hint) {
  return {Exit::usage, fmt::format("{} {}, not JSON Lines", shown, what), std::move(hint)};
}

}  // namespace

LineSource::LineSource(Invocation& natskv, const std::string& path, std::function<void()> idle)
    : natskv_(natskv), idle_(std::move(idle)), lines_(path, [this] {
        if (natskv_.stop()) throw Stopped{};
        if (idle_) idle_();
      }) {
  if (path == "-" && lines_.terminal()) {
    throw usage("there is no --file, and standard input is a terminal");
  }
}

// The longest line for a value that the server accepts: each byte written as \u00XX.
void LineSource::max_payload(std::uint64_t bytes) {
  lines_.longest(static_cast<std::size_t>(bytes) * 6 + (std::size_t{64} << 10U));
}

const Item* LineSource::next() {
  while (const auto text = lines_.next()) {
    if (natskv_.stop()) throw Stopped{};
    if (blank(*text)) continue;
    item_ = Item{};
    item_.number = lines_.number();
    const std::string_view line = item_.number == 1 ? first(*text) : *text;
    try {
      parse(line);
    } catch (const Failure& failure) {
      item_.wrong.emplace(failure.exit(), where(item_.number) + failure.what(), failure.hint());
    }
    return &item_;
  }
  return nullptr;
}

/// The first line shows what the file is, if it is not JSON Lines. A byte order mark is skipped.
std::string_view LineSource::first(std::string_view line) const {
  if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")) {
    throw foreign(
        shown(), "is UTF-16",
        "iconv -f UTF-16 -t UTF-8 converts it; in PowerShell, Out-File -Encoding utf8 writes UTF-8");
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  if (const auto at = line.find_first_not_of(" \t"); at != std::string_view::npos && line[at] == '[') {
    throw foreign(shown(), "is a JSON array",
                  "jq -c '.[]' turns it into lines; natskv get -o jsonl and natskv export write them");
  }
  return line;
}

void LineSource::parse(std::string_view text) {
  parser_.parse(text, line_);
  item_.key = line_.key;
  item_.value = line_.value;
  item_.operation = line_.operation;
  item_.check = line_.check;
  item_.ttl = line_.ttl;
  item_.created = line_.created;
  item_.revision = line_.revision;
  item_.if_revision = line_.if_revision;
  if (parser_.unknown().empty() || warned_) return;
  warned_ = true;
  natskv_.warn(fmt::format("line {}: member {} is not part of an entry; such members are ignored",
                           lines_.number(), natskv::parse::quoted(parser_.unknown())));
}

void LineSource::rewind() { lines_.rewind(); }

}  // namespace natskv::commands
