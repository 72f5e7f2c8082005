// A page of the manual from a template: natskv.1.in, natskv-output.7.in.
//
// `.SH TITLE` and `.SS TITLE` are headings, `.TP TERM` an item that the paragraph below it explains; lines
// that begin with two blanks are not filled; everything else is paragraphs. A line `@NAME rest@` is replaced
// by what `filler` writes.
#pragma once

#include "docs/page.hpp"

#include <functional>
#include <string_view>

namespace natskv::docs {

using Filler = std::function<void(Page& page, std::string_view name, std::string_view rest)>;
void fill(Page& page, std::string_view text, const Filler& filler);

}  // namespace natskv::docs
