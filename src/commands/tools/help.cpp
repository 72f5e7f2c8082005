// help: of natskv, or of one command.
#include "commands/tools/help.hpp"

#include "app/invocation.hpp"
#include "cli/guess.hpp"
#include "cli/help.hpp"
#include "commands/all.hpp"
#include "commands/tools/topics.hpp"

namespace natskv::commands {
namespace {

std::vector<std::string_view> topic_names() {
  std::vector<std::string_view> names{"options"};
  for (const Topic& topic : topics) names.push_back(topic.name);
  return names;
}

class Help final : public Action {
  std::optional<std::string> topic_;
  bool all_ = false;

  void declare(Declaration& a) override {
    a.take({.name = "TOPIC",
            .kind = Kind::topic,
            .help = "a command, or options, output, patterns, values, exit-status or contexts",
            .choices = topic_names()},
           topic_);
    a.flag("--all", all_, "one line for each command");
  }

  void check() override {
    if (topic_ && all_) throw usage("--all lists the commands; it takes no TOPIC");
  }

  int run(Invocation& natskv) override {
    const std::string page = text(natskv.program());
    natskv.out().write(natskv.terminal_style().color ? with_bold_headings(page) : page);
    return 0;
  }

  [[nodiscard]] std::string text(const Program& program) const {
    if (!topic_) return all_ ? command_summaries(program) : overview(program);
    if (const Topic* topic = find_topic(*topic_)) return std::string(topic->text) + "\n";
    if (*topic_ == "options") return global_options(program);
    const Verb* verb = program.find(*topic_);
    if (verb == nullptr) throw unknown_command(program, *topic_, "");
    return natskv::help(*verb, *bind(program, *verb).declaration);
  }
};

}  // namespace

std::string overview(const Program& program) {
  std::string out =
      "natskv: NATS JetStream key-value buckets from a shell\n\n"
      "Usage: natskv [OPTIONS] COMMAND [ARGUMENTS]\n\n";
  out += command_names(program);
  out +=
      "\nFirst steps:\n"
      "  natskv sandbox                      a private server to try it all\n"
      "  natskv add config                   create a bucket\n"
      "  natskv put config greeting hello    store a value; its revision is printed\n"
      "  natskv get config greeting          read it\n"
      "  natskv watch config                 see every change\n"
      "\n"
      "natskv COMMAND --help   what it does, its options, examples\n"
      "natskv help --all       one line for each command\n"
      "natskv help TOPIC      ";
  for (const auto name : topic_names()) out += " " + std::string(name);
  return out + "\nman natskv              all of it\n";
}

const Verb help{
    .name = "help",
    .group = Group::tools,
    .summary = "Show help, of a command or a topic",
    .description =
        R"(natskv help is the same as natskv --help, and natskv help COMMAND the same as natskv COMMAND --help.

natskv help TOPIC explains what all commands share: options (all global ones), output (formats and JSON), patterns,
values (durations, bytes, keys, revisions, how words are read), exit-status and contexts.)",
    .output = "Text.",
    .examples =
        R"(# What a command does:
$ natskv help get
natskv get: Read the value of a key, byte for byte
...
# What an exit status means:
$ natskv help exit-status | grep ' 4 '
  4    conflict: create of a live key, update with a stale revision, add of a
# Which commands there are:
$ natskv help --all
Buckets:
...
)",
    .make = make_action<Help>,
};

}  // namespace natskv::commands
