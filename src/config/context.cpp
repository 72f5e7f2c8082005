// The format is that of nats-io/jsm.go's natscontext: strings, an empty one is "not set"; tls_first a
// boolean.
#include "config/context.hpp"

#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "config/parameters.hpp"
#include "config/word.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace natskv::config {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t most = std::size_t{1} << 20U;

}  // namespace

bool refers(std::string_view text) { return text.starts_with("env://") || text.starts_with("data:"); }

std::string expanded(const std::string& text, const Environment& environment) {
  std::string out;
  std::size_t at = 0;
  if (text == "~" || text.starts_with("~/")) {
    out = environment("HOME").value_or("~");
    at = 1;
  }
  const auto named = [](char c) { return c == '_' || ascii::alnum(c); };
  while (at < text.size()) {
    const std::size_t start = at++;
    if (text[start] != '$') {
      out += text[start];
      continue;
    }
    const bool braces = at < text.size() && text[at] == '{';
    const std::size_t first = at + (braces ? 1 : 0);
    std::size_t end = first;
    while (end < text.size() && named(text[end])) ++end;
    const bool complete = end > first && (!braces || (end < text.size() && text[end] == '}'));
    const auto value = complete ? environment(text.substr(first, end - first).c_str()) : std::nullopt;
    if (complete) at = end + (braces ? 1 : 0);
    out += value ? *value : text.substr(start, at - start);
  }
  return out;
}

namespace {

/// A reference that the nats tool resolves with other programs ("op://"), or "".
std::string reference(const std::string& text) {
  for (const char* scheme : {"op://", "nsc://"}) {
    if (text.starts_with(scheme)) return scheme;
  }
  return {};
}

// In a reference ~ and $ are not expanded.
std::string path_in(const std::string& text, const Environment& environment) {
  return refers(text) ? text : expanded(without_scheme(text), environment);
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".json");
}

void check_name(const std::string& name) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (name.empty() || name == "." || name.ends_with(".json") || name.find("..") != std::string::npos ||
      name.find_first_of("/\\") != std::string::npos || std::any_of(name.begin(), name.end(), control)) {
    throw usage("context: " + in_quotes(name) +
                " is not a context name (no / or \\, no .., no control characters, no .json at its end)");
  }
}

/// A message never quotes the document: it may hold secrets.
ordered_json parsed(const std::string& bytes, const std::string& where) {
  ordered_json document;
  try {
    document = ordered_json::parse(bytes);
  } catch (const ordered_json::parse_error& error) {
    throw usage(where + " is not JSON (byte " + std::to_string(error.byte) + ")");
  } catch (const ordered_json::out_of_range&) {  // the only other exception of parse(): 406
    throw usage(where + " has a number that is too large");
  }
  if (!document.is_object()) throw usage(where + " is not a JSON object");
  return document;
}

std::string text(const ordered_json& document, const char* name, const std::string& where) {
  const auto field = document.find(name);
  if (field == document.end() || field->is_null()) return {};
  if (!field->is_string()) throw usage(where + ": \"" + name + "\" is not a string");
  return field->get<std::string>();
}

void read_fields(Context& context, const ordered_json& document, const std::string& where,
                 const Environment& environment) {
  context.description = text(document, "description", where);
  for (const Parameter& parameter : parameters) {
    std::string value = text(document, parameter.field, where);
    if (const std::string scheme = reference(value);
        !scheme.empty() && (parameter.credential || parameter.is_path()))
      context.unsupported.push_back(std::string(parameter.field) + " (" + scheme + ")");
    if (parameter.holds == Parameter::Holds::path) value = path_in(value, environment);
    parameter.set(context, std::move(value));
  }
  for (const char* name : {"nsc", "socks_proxy", "windows_cert_store", "windows_cert_match"}) {
    if (!text(document, name, where).empty()) context.unsupported.emplace_back(name);
  }
  if (const auto matches = document.find("windows_ca_certs_match");
      matches != document.end() && !matches->empty()) {
    context.unsupported.emplace_back("windows_ca_certs_match");
  }
  if (const auto first = document.find("tls_first"); first != document.end() && !first->is_null()) {
    if (!first->is_boolean()) throw usage(where + ": \"tls_first\" is not true or false");
    context.tls_first = first->get<bool>();
  }
}

Failure unknown(const std::string& name, const std::vector<std::string>& names) {
  return {Exit::not_found, "context " + in_quotes(name) + " not found",
          natskv::text::near_or(name, names, "natskv context ls lists them")};
}

}  // namespace

Contexts::Contexts(const Environment& environment) : environment_(environment) {
  if (const auto config = environment("XDG_CONFIG_HOME")) {
    root_ = *config + "/nats";
  } else if (const auto home = environment("HOME")) {
    root_ = *home + "/.config/nats";
  } else {
    return;
  }
  folder_ = root_ + "/context";
}

std::string Contexts::path_of(const std::string& name) const {
  check_name(name);
  if (folder_.empty()) throw usage("context: neither XDG_CONFIG_HOME nor HOME is set");
  return folder_ + "/" + name + ".json";
}

void Contexts::require(const std::string& name) const {
  struct stat info {};
  if (::stat(path_of(name).c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
    throw unknown(name, names());
}

std::vector<std::string> Contexts::names() const {
  std::vector<std::string> out;
  if (folder_.empty()) return out;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().extension() == ".json" && entry->is_regular_file(ignored))
      out.push_back(entry->path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string Contexts::selected() const { return named_in("/context.txt"); }

std::string Contexts::previous() const { return named_in("/previous-context.txt"); }

std::string Contexts::named_in(const std::string& file_name) const {
  const std::string path = root_ + file_name;
  struct stat info {};
  if (folder_.empty() || ::stat(path.c_str(), &info) != 0) return {};
  const File file = open_to_read(path, "context");
  const std::string name = read_all(file.fd(), "context", in_quotes(path), most);
  const std::size_t first = name.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? "" : name.substr(first, name.find_last_not_of(" \t\r\n") - first + 1);
}

Context Contexts::load(const std::string& name) const {
  Context context;
  if (is_path(name)) {
    context.path = expanded(name, environment_);
    context.name = std::filesystem::path(context.path).stem().string();
  } else {
    require(name);
    context.path = path_of(name);
    context.name = name;
  }
  const File file = open_to_read(context.path, "context");
  context.document = read_all(file.fd(), "context", in_quotes(context.path), most);
  const std::string where = "context " + in_quotes(context.name) + ": " + in_quotes(context.path);
  read_fields(context, parsed(context.document, where), where, environment_);
  const bool secret = std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
    return parameter.secret_text != nullptr && !(context.*parameter.secret_text).empty();
  });
  context.exposed = secret && readable_by_everyone(context.path);
  return context;
}

void Contexts::save(const Context& context) const {
  const std::string path = path_of(context.name);
  const std::string where = "context " + in_quotes(context.name);
  ordered_json document = context.document.empty() ? ordered_json::object() : parsed(context.document, where);
  document["description"] = context.description;
  for (const Parameter& parameter : parameters) {
    const std::string value = parameter.value(context);
    const bool same = parameter.holds == Parameter::Holds::path &&
                      path_in(text(document, parameter.field, where), environment_) == value;
    if (!same) document[parameter.field] = value;
  }
  document["tls_first"] = context.tls_first;
  std::string bytes;
  try {
    bytes = document.dump(2);
  } catch (const ordered_json::type_error&) {
    throw usage(where + ": a field is not UTF-8");
  }
  write_private(path, bytes + "\n");
}

void Contexts::remove(const std::string& name) const {
  require(name);
  const std::string path = path_of(name);
  if (::unlink(path.c_str()) != 0) {
    throw cannot("remove " + in_quotes(path), errno);
  }
  if (selected() == name) ::unlink((root_ + "/context.txt").c_str());
}

void Contexts::unselect() const {
  const std::string before = selected();
  if (before.empty()) return;
  write_private(root_ + "/previous-context.txt", before);
  ::unlink((root_ + "/context.txt").c_str());
}

void Contexts::select(const std::string& name) const {
  require(name);
  const std::string before = selected();
  if (!before.empty() && before != name) write_private(root_ + "/previous-context.txt", before);
  write_private(root_ + "/context.txt", name);
}

}  // namespace natskv::config
