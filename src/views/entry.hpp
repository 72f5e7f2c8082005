// What is printed of an entry and a write: one line a field; names and order are a contract
// (natskv-output(7)).
#pragma once

#include "kv/bucket.hpp"
#include "kv/entry.hpp"
#include "output/record.hpp"

namespace natskv::fields {

/// `keys`: the name.
const View<Entry>& names();
/// `get` and its records.
const View<Entry>& get();
/// `keys -v`; with the value where it was read.
const View<Entry>& keys(bool with_value);
/// `history` and `watch`; without the value for --meta.
const View<Entry>& events(bool with_value);
/// A write's answer: its revision, or bucket, key, revision, operation.
const View<Written>& written();

}  // namespace natskv::fields
