// Commands with their expected output, as manual pages and the README show them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace natskv::test {

/// One "$ command" (lines that end in \ or leave a quote or do open go on) and the lines expected behind it.
struct Shown {
  std::string command, output;
};

/// Lines "$ command", then its output; "# prose" is no output. A command goes on in lines that begin with ">
/// ".
std::vector<Shown> shown(std::string_view text);

/// As one script for sh, a mark behind each command's output; `outputs` splits what it printed.
std::string script(const std::vector<Shown>& all);
std::vector<std::string> outputs(std::string_view printed);

}  // namespace natskv::test
