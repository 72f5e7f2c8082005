// nats.c's objects as owning handles: a Handle is the size of a pointer.
#pragma once

#include <nats/nats.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace natskv::nats {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};
template <class T, auto Destroy>
using Handle = std::unique_ptr<T, Destroyer<Destroy>>;

using Options = Handle<natsOptions, natsOptions_Destroy>;
using Connection = Handle<natsConnection, natsConnection_Destroy>;
using JetStream = Handle<jsCtx, jsCtx_Destroy>;
using Message = Handle<natsMsg, natsMsg_Destroy>;
using Store = Handle<kvStore, kvStore_Destroy>;
using Statistics = Handle<natsStatistics, natsStatistics_Destroy>;
using PubAck = Handle<jsPubAck, jsPubAck_Destroy>;

/// What a message carries, valid as long as it is.
inline std::string_view body_of(const natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

}  // namespace natskv::nats
