// How saved contexts are printed. Secrets are masked here.
#pragma once

#include "config/context.hpp"
#include "output/record.hpp"

#include <string>

namespace natskv {

struct ListedContext {
  std::string name;
  bool selected = false;
  std::string description = {}, server = {};
};

struct ShownContext {
  const config::Context* context;
  bool selected;
  std::string server;
  std::string unsupported;
};

}  // namespace natskv

namespace natskv::fields {

/// `context ls`.
const View<ListedContext>& contexts();
/// `context show`.
const View<ShownContext>& context();

}  // namespace natskv::fields
