// A source that reads JSON Lines.
#pragma once

#include "app/invocation.hpp"
#include "commands/bulk/source.hpp"
#include "input/entry_line.hpp"
#include "input/lines.hpp"

#include <functional>

namespace natskv::commands {

class LineSource final : public Source {
 public:
  /// `path`: a file, or "-" for standard input. Failure(usage) if it cannot be opened, or standard input is a
  /// terminal. `idle` is called now and then while nothing comes from a pipe.
  LineSource(Invocation& natskv, const std::string& path, std::function<void()> idle = {});

  const Item* next() override;
  void rewind() override;
  [[nodiscard]] bool repeats() const override { return true; }
  [[nodiscard]] bool numbered() const override { return true; }
  [[nodiscard]] std::string shown() const override { return lines_.shown(); }

  /// Whether it is a file, which can be read twice.
  [[nodiscard]] bool regular() const { return lines_.regular(); }
  /// Reads a pipe to its end, so that it can be read twice.
  void spool() { lines_.spool(); }
  /// The server's limit bounds the length of lines.
  void max_payload(std::uint64_t bytes);

 private:
  [[nodiscard]] std::string_view first(std::string_view line) const;
  void parse(std::string_view text);

  Invocation& natskv_;
  std::function<void()> idle_;
  Lines lines_;
  EntryParser parser_;
  EntryLine line_;
  Item item_;
  bool warned_ = false;
};

}  // namespace natskv::commands
