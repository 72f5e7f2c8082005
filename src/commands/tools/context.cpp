// context: the saved contexts, which are the nats tool's own files.
#include "config/context.hpp"

#include "app/invocation.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/shared/editor.hpp"
#include "commands/tools/context_fields.hpp"
#include "config/layers.hpp"
#include "views/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace natskv::commands {
namespace {

using config::Context;
using config::Contexts;

/// Without user parts, which may be secrets. Anything but a list of URLs is not shown at all.
std::string shown_server(const Context& context) {
  try {
    return context.url.empty() ? "" : config::shown(config::servers(context.url, "url"));
  } catch (const Failure&) {
    return "(not a list of URLs)";
  }
}

struct Checked {
  std::string name, problem;
};

constexpr Field<Checked> checked_fields[] = {
    {"name", "NAME", [](const Checked& c) { return Value{std::string_view(c.name)}; }, Emphasis::name},
    {"problem", "PROBLEM",
     [](const Checked& c) { return c.problem.empty() ? Value{} : Value{std::string_view(c.problem)}; },
     Emphasis::text}};

const View<Checked>& checked() {
  static const View<Checked> view{.fields = checked_fields, .tsv = {"name", "problem"}};
  return view;
}

class ContextAction final : public Action {
  using Run = int (ContextAction::*)(Invocation&, const Contexts&) const;
  struct Task {
    std::string_view name, alias;  ///< the nats tool's name for it
    int least, most;               ///< NAMEs
    Run run;
  };
  static constexpr std::size_t tasks_count = 10;
  static const std::array<Task, tasks_count> tasks;

  std::string what_;
  std::optional<std::string> name_, new_name_, description_;
  bool select_ = false, force_ = false, names_ = false;
  const Task* task_ = nullptr;

  void declare(Declaration& a) override {
    std::vector<std::string_view> words;
    for (const Task& task : tasks) {
      words.push_back(task.name);
      if (!task.alias.empty()) words.push_back(task.alias);
    }
    a.take(
        {.name = "ACTION",
         .kind = Kind::choice,
         .help =
             "ls (list), show (info), select (switch), unselect, previous, add (save), edit, copy, rm (remove) "
             "or validate",
         .required = true,
         .choices = words},
        what_);
    a.take({"NAME", Kind::context, "the context's name"}, name_);
    a.take({"NEW", Kind::text, "copy: the name of the copy"}, new_name_);
    a.take({"--description", Kind::text, "add: what it is for"}, description_);
    a.flag("--select", select_, "add, copy: select it too");
    a.flag("-n,--names", names_, "ls: only the names");
    a.flag("-f,--force", force_, "rm: do not ask");
  }

  void check() override {
    task_ = std::find_if(tasks.begin(), tasks.end(),
                         [&](const Task& task) { return task.name == what_ || task.alias == what_; });
    const int names = (name_ ? 1 : 0) + (new_name_ ? 1 : 0);
    if (names > task_->most) {
      throw usage(task_->most == 0 ? fmt::format("context {} takes no NAME", what_)
                                   : fmt::format("context {} takes one NAME", what_));
    }
    if (names < task_->least) {
      throw usage(fmt::format("{} is missing (natskv context {} NAME{})", name_ ? "NEW" : "NAME", what_,
                              task_->least == 2 ? " NEW" : ""));
    }
    const auto is = [&](Run what) { return task_->run == what; };
    if (!is(&ContextAction::add) && description_) throw usage("--description belongs to context add");
    if (!is(&ContextAction::add) && !is(&ContextAction::copy) && select_)
      throw usage("--select belongs to context add and copy");
    if (!is(&ContextAction::list) && names_) throw usage("--names belongs to context ls");
    if (!is(&ContextAction::remove) && force_) throw usage("--force belongs to context rm");
  }

  int run(Invocation& natskv) override { return (this->*task_->run)(natskv, Contexts(config::environment)); }

  int list(Invocation& natskv, const Contexts& contexts) const {
    Style style = Style::list({.names = names_});
    if (names_) style.on_terminal = Format::tsv;
    auto rows = natskv.rows(fields::contexts(), style);
    const std::string selected = contexts.selected();
    for (const std::string& name : contexts.names()) {
      ListedContext one{.name = name, .selected = name == selected};
      try {
        const Context context = contexts.load(name);
        one.description = context.description;
        one.server = shown_server(context);
      } catch (const Failure& failure) {
        natskv.warn(failure.what());
      }
      rows(one);
    }
    natskv.finish(rows, "no contexts");
    return 0;
  }

  int show(Invocation& natskv, const Contexts& contexts) const {
    const auto style = Style::object(true);
    (void)natskv.format(style);
    const std::string selected = contexts.selected();
    std::string name = name_.value_or(
        natskv.given().context.value_or(config::environment("NATS_CONTEXT").value_or(selected)));
    if (name.empty())
      throw Failure(Exit::not_found, "no context is selected", "natskv context select NAME selects one");
    const Context context = contexts.load(name);
    auto rows = natskv.rows(fields::context(), style);
    rows({&context, context.name == selected, shown_server(context),
          fmt::format("{}", fmt::join(context.unsupported, ", "))});
    rows.finish();
    return 0;
  }

  int select(Invocation& natskv, const Contexts& contexts) const {
    contexts.select(*name_);
    natskv.note(fmt::format("context \"{}\" is selected", *name_));
    return 0;
  }

  int unselect(Invocation& natskv, const Contexts& contexts) const {
    contexts.unselect();
    natskv.note("no context is selected");
    return 0;
  }

  int previous(Invocation& natskv, const Contexts& contexts) const {
    const std::string name = contexts.previous();
    if (name.empty()) throw Failure(Exit::not_found, "no context was selected before");
    contexts.select(name);
    natskv.note(fmt::format("context \"{}\" is selected", name));
    return 0;
  }

  static bool exists(const Contexts& contexts, const std::string& name) {
    const auto names = contexts.names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  int add(Invocation& natskv, const Contexts& contexts) const {
    std::vector<std::string> warnings;
    const auto options = config::option_layer(natskv.given(), warnings);
    for (const auto& warning : warnings) natskv.warn(warning);
    const bool changed = exists(contexts, *name_);
    Context context;
    if (changed)
      context = contexts.load(*name_);
    else if (natskv.given().context)
      context = contexts.load(*natskv.given().context);
    context.name = *name_;
    if (description_) context.description = *description_;
    take(natskv.given(), options, context);
    contexts.save(context);
    natskv.note(fmt::format("context \"{}\" is {}", *name_, changed ? "changed" : "saved"));
    if (select_) contexts.select(*name_);
    return 0;
  }

  // Edits a copy of the file, which may already be invalid; the result is checked before it replaces the
  // file.
  int edit(Invocation& natskv, const Contexts& contexts) const {
    const std::string path = contexts.path_of(*name_);
    if (!exists(contexts, *name_)) (void)contexts.load(*name_);
    const std::string before = contents(path);
    const std::string draft = path + ".edit";
    if (::access(draft.c_str(), F_OK) == 0)
      natskv.note(fmt::format("continuing the edit that was left in {}", in_quotes(draft)));
    else
      write_private(draft, before);
    const std::string program = editor();
    const int status = run_editor(natskv, program, draft);
    const bool gone = status != 0 && ::access(draft.c_str(), F_OK) != 0;
    const std::string after = gone ? before : contents(draft);
    const std::string where = after == before ? "" : fmt::format("; the edit is in {}", in_quotes(draft));
    if (status != 0 || where.empty()) {
      if (where.empty()) std::filesystem::remove(draft);
      if (natskv.stop()) throw Stopped{where.empty() ? "" : "nothing was written" + where};
      if (status != 0) throw editor_failed(program, status, where);
      natskv.note(fmt::format("context \"{}\" is unchanged", *name_));
      return 0;
    }
    try {
      (void)contexts.load(draft);
    } catch (const Failure& failure) {
      throw failure.saying(failure.what() + where);
    }
    write_private(path, after);
    std::filesystem::remove(draft);
    natskv.note(fmt::format("context \"{}\" is changed", *name_));
    return 0;
  }

  static std::string contents(const std::string& path) {
    constexpr std::size_t most = std::size_t{1} << 20U;
    return read_all(open_to_read(path, "context").fd(), "context", in_quotes(path), most);
  }

  int copy(Invocation& natskv, const Contexts& contexts) const {
    Context context = contexts.load(*name_);
    if (exists(contexts, *new_name_))
      throw Failure(Exit::conflict, fmt::format("context \"{}\" exists already", *new_name_));
    context.name = *new_name_;
    contexts.save(context);
    natskv.note(fmt::format("context \"{}\" is saved", *new_name_));
    if (select_) contexts.select(*new_name_);
    return 0;
  }

  int remove(Invocation& natskv, const Contexts& contexts) const {
    natskv.require_consent(force_, fmt::format("removing context \"{}\"", *name_));
    if (!force_ && exists(contexts, *name_)) natskv.confirm(fmt::format("Remove context \"{}\"?", *name_));
    contexts.remove(*name_);
    natskv.note(fmt::format("removed context \"{}\"", *name_));
    return 0;
  }

  // Whether they can be used: all fields, and the files and variables that they name. No server is asked.
  int validate(Invocation& natskv, const Contexts& contexts) const {
    auto rows = natskv.rows(checked(), Style::list({}));
    int status = 0;
    for (const std::string& name : name_ ? std::vector{*name_} : contexts.names()) {
      Checked one{.name = name, .problem = {}};
      config::Given given;
      given.context = name;
      try {
        (void)config::resolve(given, config::environment);
      } catch (const Failure& failure) {
        if (name_ && failure.exit() == Exit::not_found) throw;
        one.problem = failure.what();
        status = static_cast<int>(Exit::usage);
      }
      rows(one);
    }
    natskv.finish(rows, "no contexts");
    return status;
  }
};

const std::array<ContextAction::Task, ContextAction::tasks_count> ContextAction::tasks{{
    {"ls", "list", 0, 0, &ContextAction::list},
    {"show", "info", 0, 1, &ContextAction::show},
    {"select", "switch", 1, 1, &ContextAction::select},
    {"unselect", "", 0, 0, &ContextAction::unselect},
    {"previous", "", 0, 0, &ContextAction::previous},
    {"add", "save", 1, 1, &ContextAction::add},
    {"edit", "", 1, 1, &ContextAction::edit},
    {"copy", "", 2, 2, &ContextAction::copy},
    {"rm", "remove", 1, 1, &ContextAction::remove},
    {"validate", "", 0, 1, &ContextAction::validate},
}};

}  // namespace

const Verb context{
    .name = "context",
    .aliases = {"ctx"},
    .group = Group::tools,
    .summary = "List, show, select, add and remove saved contexts",
    .description =
        R"(A context is a server and how to log in to it, saved under a name. natskv uses the nats tool's own files, in
$XDG_CONFIG_HOME/nats/context (else ~/.config/nats/context): what one saves, the other uses.

ls lists them. show prints one (by default the one in use), with secrets masked. select makes one the default for
commands without --context, unselect none, previous the one selected before. add saves the connection options of its
command line in a file of mode 0600; if the context exists it changes only those fields, and a new one starts as a copy
of --context if that is given. --jwt and --seed are stored as text, other files by name. edit opens its file in
$VISUAL, else $EDITOR, else vi. copy saves NAME as NEW. rm removes one; on a terminal it asks, elsewhere it needs
--force. validate says of one, or of each, whether it can be used, without asking a server.

A credential's field may also be env://NAME (a variable), file://PATH or data:;base64,… (the text itself).)",
    .output =
        R"(For ls the columns name, selected, description and server, with --names the names; for show a line for each
field; for validate the columns name and problem. JSON: an array, or an object. The others print nothing.)",
    .statuses = {{"2", "validate: a context cannot be used."}},
    .examples =
        R"(# Save a server and a login under a name:
$ natskv context add dr -s nats://dr.example.com --creds dr.creds
# Look at it; secrets are masked:
$ natskv context show dr
name	dr
...
# From now on, use it where nothing else is named:
$ natskv context select dr
)",
    .make = make_action<ContextAction>,
};

}  // namespace natskv::commands
