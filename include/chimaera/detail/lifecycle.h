// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The boundary's functions that are not calls: making a container, taking it down, its state as bytes and back, and the
// merging of replies. None lets an exception out.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/detail/errors.h>
#include <chimaera/detail/module_access.h>
#include <chimaera/route.h>

#include <concepts>
#include <memory>
#include <string>
#include <utility>

namespace chi::detail {

struct Emitter {
  void* context;
  void (*emit)(void* context, const chi_message*);

  void operator()(const Encoder& encoded) const {
    chi_message message = encoded.message();
    emit(context, &message);
  }

  // Gives the error's code.
  std::int32_t fail(Error error, const std::string& where = {}) const noexcept {
    try {
      if (error.where.empty()) error.where = where;
      Encoder encoder;
      encode_message(encoder, error);
      (*this)(encoder);
    } catch (...) {  // the code must do
    }
    return static_cast<std::int32_t>(error.code);
  }
};

template <class C>
concept HasConfig = requires { typename C::Config; };

template <class C>
Status open_container(C& container, const chi_message& config) {
  if constexpr (HasConfig<C>) {
    typename C::Config decoded{};
    Status status = decode_message(config, decoded);
    if (!status.ok()) return status;
    if constexpr (requires { container.open(decoded); }) return container.open(decoded);
  } else if constexpr (requires { container.open(); }) {
    return container.open();
  }
  return {};
}

template <class C>
std::int32_t create(const chi_services* services, chi_container* handle, const chi_create* made, void** self,
                    void* context, void (*emit)(void*, const chi_message*)) {
  Emitter emitter{context, emit};
  try {
    auto container = std::make_unique<C>();
    ContainerCore& core = ModuleAccess::core(*container);
    core.attach(services, handle, *made);
    ScopeGuard scope({&core.executor, nullptr});
    Status opened;
    try {
      opened = open_container(*container, made->config);
    } catch (...) {
      opened = error_of_exception();
    }
    if (!opened.ok()) {
      ModuleAccess::spawned(*container).destroy_all();
      return emitter.fail(opened.error(), core.name());
    }
    *self = container.release();
    return 0;
  } catch (...) {
    return emitter.fail(error_of_exception());
  }
}

template <class C>
void destroy(void* self) {
  auto* container = static_cast<C*>(self);
  ModuleAccess::spawned(*container).destroy_all();
  delete container;
}

template <class C>
std::int32_t snapshot(void* self, void* context, void (*emit)(void*, const chi_message*)) {
  Emitter emitter{context, emit};
  try {
    Encoder encoder;
    encoder.inline_bytes();
    encode_message(encoder, ModuleAccess::state(*static_cast<C*>(self)));
    if (encoder.failed()) return emitter.fail(encoder.status().error());
    emitter(encoder);
    return 0;
  } catch (...) {
    return emitter.fail(error_of_exception());
  }
}

// On failure the state is as it was.
template <class C>
std::int32_t restore(void* self, const chi_message* message, std::uint32_t version) {
  using State = typename C::StateType;
  if (version < version_of<State>().oldest) return static_cast<std::int32_t>(Code::failed_precondition);
  try {
    Result<State> restored = decode_message<State>(*message);
    if (!restored.ok()) return static_cast<std::int32_t>(restored.code());
    ModuleAccess::state(*static_cast<C*>(self)) = *std::move(restored);
    return 0;
  } catch (...) {
    return static_cast<std::int32_t>(error_of_exception().code);
  }
}

template <Mergeable Req>
std::int32_t merge(const chi_message* replies, std::uint32_t count, void* context,
                   void (*emit)(void*, const chi_message*)) {
  using Reply = typename Req::Reply;
  Emitter emitter{context, emit};
  try {
    Reply merged{};
    for (std::uint32_t i = 0; i < count; ++i) {
      Result<Reply> reply = decode_message<Reply>(replies[i]);
      if (!reply.ok()) return emitter.fail(reply.error());
      if (i == 0) {
        merged = *std::move(reply);
      } else if constexpr (std::same_as<decltype(Req::merge(merged, *std::move(reply))), Status>) {
        Status folded = Req::merge(merged, *std::move(reply));
        if (!folded.ok()) return emitter.fail(folded.error());
      } else {
        Req::merge(merged, *std::move(reply));
      }
    }
    Encoder encoder;
    encode_message(encoder, merged);
    if (encoder.failed()) return emitter.fail(encoder.status().error());
    emitter(encoder);
    return 0;
  } catch (...) {
    return emitter.fail(error_of_exception());
  }
}

}  // namespace chi::detail
