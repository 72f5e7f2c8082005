// JSON inside a record, flattened for tables and TSV.
#include "base/text.hpp"
#include "output/sinks.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {

namespace {

using Json = nlohmann::ordered_json;

std::string scalar(const Json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>();
  std::string text;
  dump(json, text);
  return text;
}

/// A word, in quotes if it is empty or has blanks.
std::string word(std::string_view value) {
  std::string text = text::visible(value);
  if (!text.empty() && text.find_first_of(" \"") == std::string::npos) return text;
  return '"' + text + '"';
}

bool plain_list(const Json& json) {
  return json.is_array() &&
         std::none_of(json.begin(), json.end(), [](const Json& e) { return e.is_structured(); });
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& element : list) {
    if (!text.empty()) text += ',';
    text += word(scalar(element));
  }
  return text;
}

void append_words(const Json& json, const std::string& path, std::string& line) {
  const auto add = [&line, &path](const std::string& value) {
    if (!line.empty()) line += ' ';
    if (!path.empty()) line += text::visible(path) + '=';
    line += value;
  };
  const std::string prefix = path.empty() ? path : path + '.';
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) append_words(value, prefix + key, line);
  } else if (plain_list(json)) {
    if (!json.empty()) add(joined(json));
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) append_words(json[i], prefix + std::to_string(i), line);
  } else if (!json.is_null()) {
    add(word(scalar(json)));
  }
}

/// Lists of objects inside an object get lines of their own: "0: name=n1 current=true".
void append_lines(const Json& json, const std::string& name, std::vector<std::string>& lines) {
  for (const Json& element : json) {
    std::string line;
    append_words(element, "", line);
    if (line.empty()) continue;
    if (!name.empty()) line.insert(0, name + ": ");
    lines.push_back(std::move(line));
  }
}

bool object_list(const Json& json) { return json.is_array() && !plain_list(json); }

}  // namespace

void dump(const Json& json, std::string& out) {
  out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void flatten(const Json& json, std::string& path,
             const std::function<void(std::string_view path, std::string_view text)>& leaf) {
  if (json.is_null()) return;
  if (!json.is_structured()) return leaf(path, scalar(json));
  const std::size_t length = path.size();
  std::size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    path += '.';
    path += json.is_array() ? std::to_string(index++) : key;
    flatten(value, path, leaf);
    path.resize(length);
  }
}

std::vector<std::string> words(const Json& json) {
  std::vector<std::string> lines;
  if (!json.is_object()) {
    if (object_list(json)) {
      append_lines(json, "", lines);
      return lines;
    }
    std::string line = json.is_string() ? text::visible(scalar(json)) : "";
    if (!json.is_string()) append_words(json, "", line);
    if (!line.empty()) lines.push_back(std::move(line));
    return lines;
  }
  std::string first;
  for (const auto& [key, value] : json.items()) {
    if (!object_list(value)) append_words(value, key, first);
  }
  if (!first.empty()) lines.push_back(std::move(first));
  for (const auto& [key, value] : json.items()) {
    if (object_list(value)) append_lines(value, text::visible(key), lines);
  }
  return lines;
}

}  // namespace natskv
