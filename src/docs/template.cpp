#include "docs/template.hpp"

#include <algorithm>

namespace natskv::docs {
namespace {

// The text up to the next empty line, removed from `text`.
std::string_view next_block(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  const auto end = std::min(text.find("\n\n"), text.size());
  auto block = text.substr(0, end);
  text.remove_prefix(end);
  while (block.ends_with('\n')) block.remove_suffix(1);
  return block;
}

}  // namespace

void fill(Page& page, std::string_view text, const Filler& filler) {
  bool after_items = false;
  for (auto block = next_block(text); !block.empty(); block = next_block(text)) {
    while (block.starts_with(".S")) {
      const auto end = std::min(block.find('\n'), block.size());
      const auto title = block.substr(4, end - 4);
      block.starts_with(".SH ") ? page.heading(title) : page.subheading(title);
      block.remove_prefix(std::min(end + 1, block.size()));
      after_items = false;
    }
    if (block.empty()) continue;
    if (block.starts_with(".TP ")) {
      const auto end = std::min(block.find('\n'), block.size());
      page.item(block.substr(4, end - 4), block.substr(std::min(end + 1, block.size())));
      after_items = true;
    } else if (block.starts_with('@') && block.ends_with('@')) {
      block = block.substr(1, block.size() - 2);
      const auto blank = std::min(block.find(' '), block.size());
      filler(page, block.substr(0, blank), block.substr(std::min(blank + 1, block.size())));
      after_items = true;
    } else if (after_items) {
      page.prose_after_items(block);
    } else {
      page.prose(block);
    }
  }
}

}  // namespace natskv::docs
