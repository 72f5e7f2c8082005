#include "input/entry_line.hpp"

#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace natskv {
namespace {

enum Name : unsigned {
  key,
  key_base64,
  value,
  value_base64,
  operation,
  revision,
  if_revision,
  created,
  ttl_seconds,
  ignored,
  other
};

constexpr std::array<std::pair<std::string_view, Name>, 14> names{{{"key", key},
                                                                   {"key_base64", key_base64},
                                                                   {"value", value},
                                                                   {"value_base64", value_base64},
                                                                   {"operation", operation},
                                                                   {"revision", revision},
                                                                   {"if_revision", if_revision},
                                                                   {"created", created},
                                                                   {"ttl_seconds", ttl_seconds},
                                                                   {"bucket", ignored},
                                                                   {"size", ignored},
                                                                   {"delta", ignored},
                                                                   {"expires", ignored},
                                                                   {"marker_reason", ignored}}};

Name name_of_member(std::string_view text) {
  for (const auto& [name, number] : names) {
    if (name == text) return number;
  }
  return other;
}

/// Sets the line's members, for both readers of JSON. Each returns false with why() set.
class Members {
 public:
  Members(EntryLine& line, std::string& unknown) : line_(line), unknown_(unknown) {
    line.key.clear();
    line.value.clear();
    line.operation = Operation::put;
    line.check = false;
    line.revision.reset();
    line.if_revision.reset();
    line.created.reset();
    line.ttl.reset();
  }

  bool name(std::string_view text) {
    name_ = name_of_member(text);
    if (name_ == other) {
      if (unknown_.empty()) unknown_ = text.empty() ? "(empty)" : text;
      return true;
    }
    if (name_ == ignored) return true;
    if ((seen_ & 1U << name_) != 0) return wrong(fmt::format("\"{}\" is given twice", text));
    seen_ |= 1U << name_;
    return true;
  }

  bool string(std::string_view text) {
    switch (name_) {
      case key:
        line_.key = text;
        return true;
      case value:
        line_.value = text;
        return true;
      case key_base64:
        return base64(text, line_.key, "\"key_base64\" is not base64");
      case value_base64:
        return base64(text, line_.value, "\"value_base64\" is not base64");
      case operation:
        return read_operation(text);
      case created:
        line_.created = text::from_rfc3339(text);
        return true;
      default:
        return not_of_type();
    }
  }
  bool integer(std::uint64_t number) {
    if (name_ == revision || name_ == if_revision) {
      (name_ == revision ? line_.revision : line_.if_revision) = number;
      return true;
    }
    constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
    if (name_ != ttl_seconds) return not_of_type();
    if (number == 0 || number > longest) return wrong("\"ttl_seconds\" is out of range");
    line_.ttl = seconds(static_cast<std::int64_t>(number));
    return true;
  }
  bool fraction(double number) {
    if (name_ != ttl_seconds) return not_of_type();
    if (!(number > 0 && number < 9e9)) return wrong("\"ttl_seconds\" is out of range");
    line_.ttl = Span{std::llround(number * 1e9)};
    return true;
  }
  bool something_else() { return not_of_type(); }

  void finish() {
    const bool named = (seen_ & 1U << key) != 0;
    const bool named_in_base64 = (seen_ & 1U << key_base64) != 0;
    if (named && named_in_base64) throw usage("both \"key\" and \"key_base64\" are given");
    if (!named && !named_in_base64) throw usage("\"key\" is missing");
    (void)parse::any_key(line_.key, "\"key\"");
    const bool text = (seen_ & 1U << value) != 0;
    const bool base64 = (seen_ & 1U << value_base64) != 0;
    if (line_.check && !line_.if_revision) throw usage("a CHECK needs \"if_revision\"");
    if (line_.check || line_.operation != Operation::put) {
      if (text || base64) throw usage("a DEL, PURGE or CHECK has no value");
      return;
    }
    if (text && base64) throw usage("both \"value\" and \"value_base64\" are given");
    if (!text && !base64) throw usage("neither \"value\" nor \"value_base64\" is given");
  }

  bool wrong(std::string text) {
    why_ = std::move(text);
    return false;
  }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  bool base64(std::string_view text, std::string& bytes, const char* otherwise) {
    auto decoded = text::from_base64(text);
    if (!decoded) return wrong(otherwise);
    bytes = std::move(*decoded);
    return true;
  }
  bool read_operation(std::string_view text) {
    line_.check = text == "CHECK";
    if (line_.check) return true;
    for (const auto candidate : {Operation::put, Operation::del, Operation::purge}) {
      if (name_of(candidate) != text) continue;
      line_.operation = candidate;
      return true;
    }
    return wrong("\"operation\" must be PUT, DEL, PURGE or CHECK");
  }
  // Ignored members may be anything.
  bool not_of_type() {
    if (name_ == other || name_ == ignored || name_ == revision || name_ == created) return true;
    for (const auto& [text, number] : names) {
      if (number == name_) {
        return wrong(fmt::format("\"{}\" must be a {}", text,
                                 number == ttl_seconds   ? "number"
                                 : number == if_revision ? "whole number"
                                                         : "string"));
      }
    }
    return true;
  }

  EntryLine& line_;
  std::string& unknown_;
  std::string why_;
  Name name_ = other;
  unsigned seen_ = 0;
};

/// nlohmann's events: any JSON.
class Events final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Events(Members& members) : members_(members) {}

  bool null() override {
    return plain([&] { return members_.something_else(); });
  }
  bool boolean(bool) override {
    return plain([&] { return members_.something_else(); });
  }
  bool number_integer(std::int64_t) override {
    return plain([&] { return members_.fraction(-1); });
  }
  bool number_unsigned(std::uint64_t number) override {
    return plain([&] { return members_.integer(number); });
  }
  bool number_float(double number, const std::string&) override {
    return plain([&] { return members_.fraction(number); });
  }
  bool string(std::string& text) override {
    return plain([&] { return members_.string(text); });
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return nest(); }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override {
    return depth_ == 0 ? members_.wrong("not a JSON object") : nest();
  }
  bool end_array() override { return --depth_ >= 0; }
  bool key(std::string& text) override { return depth_ != 1 || members_.name(text); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return members_.wrong(fmt::format("invalid JSON at byte {}", position));
  }

 private:
  template <class Act>
  bool plain(Act act) {
    if (depth_ == 0) return members_.wrong("not a JSON object");
    return depth_ > 1 || act();
  }
  // Only members of the line itself matter; anything nested only counts as an object or array.
  bool nest() {
    const bool fits = depth_ != 1 || members_.something_else();
    ++depth_;
    return fits;
  }

  Members& members_;
  int depth_ = 0;
};

/// The JSON of most exported lines: one object of strings without escapes and of whole numbers. false:
/// anything else, or an error; Events tells which.
class Plain {
 public:
  explicit Plain(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool read(Members& members) {
    if (!next('{')) return false;
    if (next('}')) return ended();
    do {
      std::string_view name, text;
      std::uint64_t number = 0;
      if (!string(name) || !next(':')) return false;
      if (peek() == '"' ? !string(text) : !integer(number)) return false;
      if (!members.name(name)) return false;
      if (text.data() != nullptr ? !members.string(text) : !members.integer(number)) return false;
    } while (next(','));
    return next('}') && ended();
  }

 private:
  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  char peek() {
    blanks();
    return at_ == end_ ? '\0' : *at_;
  }
  bool next(char wanted) {
    if (peek() != wanted || at_ == end_) return false;
    ++at_;
    return true;
  }
  bool ended() { return peek() == '\0' && at_ == end_; }
  bool string(std::string_view& text) {
    if (!next('"')) return false;
    const char* const from = at_;
    std::uint64_t high = 0;
    skip_text(high);
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '\\' || byte < 0x20) return false;
      high |= byte;
    }
    if (at_ == end_) return false;
    text = {from, static_cast<std::size_t>(at_ - from)};
    ++at_;
    return (high & tops) == 0 || text::valid_utf8(text);
  }
  static constexpr std::uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
  /// 0x80 in the lowest byte that is 0, at least; nothing where none is.
  static std::uint64_t zeros(std::uint64_t word) { return (word - ones) & ~word & tops; }
  /// Over whole words without a quote, a backslash or a control character; what is over 127 shows in `high`.
  void skip_text(std::uint64_t& high) {
    for (std::uint64_t word = 0; end_ - at_ >= 8; at_ += 8) {
      std::memcpy(&word, at_, 8);
      const auto controls = (word - ones * 0x20) & ~word & tops;
      if ((zeros(word ^ ones * '"') | zeros(word ^ ones * '\\') | controls) != 0) return;
      high |= word;
    }
  }
  bool integer(std::uint64_t& number) {
    const char* const from = at_;
    while (at_ != end_ && ascii::digit(*at_)) number = number * 10 + static_cast<unsigned>(*at_++ - '0');
    const auto digits = at_ - from;
    if (digits == 0 || digits > 18 || (digits > 1 && *from == '0')) return false;
    return peek() == ',' || peek() == '}';
  }

  const char* at_;
  const char* end_;
};

}  // namespace

void EntryParser::parse(std::string_view text, EntryLine& line) {
  {
    Members members(line, unknown_);
    if (Plain(text).read(members)) return members.finish();
  }
  Members members(line, unknown_);
  Events events(members);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &events)) throw usage(members.why());
  members.finish();
}

}  // namespace natskv
