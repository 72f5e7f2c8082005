#include "views/context.hpp"

#include "config/word.hpp"

namespace natskv::fields {
namespace {

Value text(const std::string& word) { return word.empty() ? Value{} : Value{std::string_view(word)}; }
Value masked(const config::Secret& secret) {
  return secret.empty() ? Value{} : Value{std::string_view("(set)")};
}

/// A secret that was put where a file's name belongs is masked too.
Value file(const std::string& word) {
  return word.empty() || config::names_file(word) ? text(word) : Value{std::string_view("(set)")};
}

using L = ListedContext;
using S = ShownContext;

constexpr Field<L> listed_fields[] = {
    {"name", "NAME", [](const L& c) { return text(c.name); }, Look::name, "string", "its name."},
    {"selected", "SELECTED", [](const L& c) { return Value{c.selected}; }, Look::plain, "boolean",
     "whether it is the selected one."},
    {"description", "DESCRIPTION", [](const L& c) { return text(c.description); }, Look::text, "string",
     "what it is for."},
    {"server", "SERVER", [](const L& c) { return text(c.server); }, Look::text, "string",
     "its servers, without what may be secret."},
};

constexpr Field<S> shown_fields[] = {
    {"name", "Name", [](const S& s) { return text(s.context->name); }, Look::name, "string", "its name."},
    {"path", "File", [](const S& s) { return text(s.context->path); }, Look::plain, "string", "its file."},
    {"selected", "Selected", [](const S& s) { return Value{s.selected}; }, Look::plain, "boolean",
     "whether it is the selected one."},
    {"description", "Description", [](const S& s) { return text(s.context->description); }, Look::plain,
     "string", "what it is for."},
    {"url", "Server", [](const S& s) { return text(s.server); }, Look::plain, "string",
     "its servers, without what may be secret."},
    {"user", "User", [](const S& s) { return text(s.context->user); }, Look::plain, "string", "the user."},
    {"password", "Password", [](const S& s) { return masked(s.context->password); }, Look::plain, "string",
     "(set), as of every secret."},
    {"token", "Token", [](const S& s) { return masked(s.context->token); }, Look::plain, "string", "(set)"},
    {"creds", "Credentials", [](const S& s) { return file(s.context->creds); }, Look::plain, "string",
     "file of credentials."},
    {"nkey", "NKey", [](const S& s) { return file(s.context->nkey); }, Look::plain, "string",
     "file of an NKey."},
    {"user_jwt", "User JWT", [](const S& s) { return masked(s.context->user_jwt); }, Look::plain, "string",
     "(set)"},
    {"user_seed", "User seed", [](const S& s) { return masked(s.context->user_seed); }, Look::plain, "string",
     "(set)"},
    {"cert", "Certificate", [](const S& s) { return text(s.context->cert); }, Look::plain, "string",
     "file of the client's certificate."},
    {"key", "Key", [](const S& s) { return text(s.context->key); }, Look::plain, "string",
     "file of its key."},
    {"ca", "CA", [](const S& s) { return text(s.context->ca); }, Look::plain, "string",
     "file of certificates that are trusted."},
    {"tls_first", "TLS first", [](const S& s) { return s.context->tls_first ? Value{true} : Value{}; },
     Look::plain, "boolean", "whether TLS begins before the server speaks."},
    {"jetstream_domain", "JetStream domain", [](const S& s) { return text(s.context->jetstream_domain); },
     Look::plain, "string", "JetStream's domain."},
    {"jetstream_api_prefix", "JetStream API prefix",
     [](const S& s) { return text(s.context->jetstream_api_prefix); }, Look::plain, "string",
     "prefix of JetStream's subjects."},
    {"inbox_prefix", "Inbox prefix", [](const S& s) { return text(s.context->inbox_prefix); }, Look::plain,
     "string", "prefix of answers' subjects."},
    {"unsupported", "Not supported", [](const S& s) { return text(s.unsupported); }, Look::plain, "string",
     "a setting that natskv refuses."},
};

}  // namespace

const View<ListedContext>& contexts() {
  static const View<L> view{.fields = listed_fields,
                            .json = {},
                            .tsv = {"name", "selected", "description", "server"},
                            .table = {},
                            .plain = "name"};
  return view;
}

const View<ShownContext>& context() {
  static const View<S> view{.fields = shown_fields, .json = {}, .tsv = {}, .table = {}, .plain = {}};
  return view;
}

}  // namespace natskv::fields
