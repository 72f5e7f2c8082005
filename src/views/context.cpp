#include "views/context.hpp"

#include "config/word.hpp"

namespace natskv::fields {
namespace {

Value text(const std::string& word) { return word.empty() ? Value{} : Value{std::string_view(word)}; }
Value masked(const config::Secret& secret) {
  return secret.empty() ? Value{} : Value{std::string_view("(set)")};
}

/// A secret in place of a file's name is masked too.
Value file(const std::string& word) {
  return word.empty() || config::names_file(word) ? text(word) : Value{std::string_view("(set)")};
}

using L = ListedContext;
using S = ShownContext;

constexpr Field<L> listed_fields[] = {
    {"name", "NAME", [](const L& c) { return text(c.name); }, Emphasis::name, "string", "its name."},
    {"selected", "SELECTED", [](const L& c) { return Value{c.selected}; }, Emphasis::plain, "boolean",
     "whether it is the selected one."},
    {"description", "DESCRIPTION", [](const L& c) { return text(c.description); }, Emphasis::text, "string",
     "what it is for."},
    {"server", "SERVER", [](const L& c) { return text(c.server); }, Emphasis::text, "string",
     "its servers, without user names and secrets."},
};

constexpr Field<S> shown_fields[] = {
    {"name", "Name", [](const S& s) { return text(s.context->name); }, Emphasis::name, "string", "its name."},
    {"path", "File", [](const S& s) { return text(s.context->path); }, Emphasis::plain, "string",
     "its file."},
    {"selected", "Selected", [](const S& s) { return Value{s.selected}; }, Emphasis::plain, "boolean",
     "whether it is the selected one."},
    {"description", "Description", [](const S& s) { return text(s.context->description); }, Emphasis::plain,
     "string", "what it is for."},
    {"url", "Server", [](const S& s) { return text(s.server); }, Emphasis::plain, "string",
     "its servers, without user names and secrets."},
    {"user", "User", [](const S& s) { return text(s.context->user); }, Emphasis::plain, "string",
     "the user."},
    {"password", "Password", [](const S& s) { return masked(s.context->password); }, Emphasis::plain,
     "string", "(set), like every secret."},
    {"token", "Token", [](const S& s) { return masked(s.context->token); }, Emphasis::plain, "string",
     "(set)"},
    {"creds", "Credentials", [](const S& s) { return file(s.context->creds); }, Emphasis::plain, "string",
     "credentials file."},
    {"nkey", "NKey", [](const S& s) { return file(s.context->nkey); }, Emphasis::plain, "string",
     "file with an NKey."},
    {"user_jwt", "User JWT", [](const S& s) { return masked(s.context->user_jwt); }, Emphasis::plain,
     "string", "(set)"},
    {"user_seed", "User seed", [](const S& s) { return masked(s.context->user_seed); }, Emphasis::plain,
     "string", "(set)"},
    {"cert", "Certificate", [](const S& s) { return text(s.context->cert); }, Emphasis::plain, "string",
     "file with the client's certificate."},
    {"key", "Key", [](const S& s) { return text(s.context->key); }, Emphasis::plain, "string",
     "file with its key."},
    {"ca", "CA", [](const S& s) { return text(s.context->ca); }, Emphasis::plain, "string",
     "file with the certificates to trust."},
    {"tls_first", "TLS first", [](const S& s) { return s.context->tls_first ? Value{true} : Value{}; },
     Emphasis::plain, "boolean", "whether the TLS handshake comes before the server's greeting."},
    {"jetstream_domain", "JetStream domain", [](const S& s) { return text(s.context->jetstream_domain); },
     Emphasis::plain, "string", "JetStream domain."},
    {"jetstream_api_prefix", "JetStream API prefix",
     [](const S& s) { return text(s.context->jetstream_api_prefix); }, Emphasis::plain, "string",
     "subject prefix of the JetStream API."},
    {"inbox_prefix", "Inbox prefix", [](const S& s) { return text(s.context->inbox_prefix); },
     Emphasis::plain, "string", "subject prefix for answers."},
    {"unsupported", "Not supported", [](const S& s) { return text(s.unsupported); }, Emphasis::plain,
     "string", "settings that natskv does not support."},
};

}  // namespace

const View<ListedContext>& contexts() {
  static const View<L> view{
      .fields = listed_fields, .tsv = {"name", "selected", "description", "server"}, .plain = "name"};
  return view;
}

const View<ShownContext>& context() {
  static const View<S> view{.fields = shown_fields};
  return view;
}

}  // namespace natskv::fields
