// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Backends around another one, which they make slow or unreliable. They hide its memory, so that every operation comes
// by; what opening does is not an operation.
#include <chimaera/timer.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "backends.h"

namespace bdev {
namespace {

class LayerBackend : public Backend {
 public:
  LayerBackend(std::unique_ptr<Backend> inner, const LayerSpec& spec) : inner_(std::move(inner)), spec_(spec) {}

  const BackendInfo& info() const noexcept override { return inner_->info(); }
  Transfer read(chi::Buffer into, std::uint64_t offset) override { return inner_->read(std::move(into), offset); }
  Transfer write(chi::Buffer from, std::uint64_t offset) override { return inner_->write(std::move(from), offset); }
  chi::Task<chi::Status> sync() override { return inner_->sync(); }
  chi::Task<chi::Status> zero(Range range, bool release) override { return inner_->zero(range, release); }
  std::uint64_t size() const noexcept override { return inner_->size(); }
  chi::Status resize(std::uint64_t size) override { return inner_->resize(size); }
  chi::Status load(std::uint64_t offset, std::span<std::uint8_t> into) override { return inner_->load(offset, into); }
  chi::Status store(std::uint64_t offset, std::span<const std::uint8_t> from) override {
    return inner_->store(offset, from);
  }
  chi::Status store_zeros(Range range) override { return inner_->store_zeros(range); }
  chi::Status sync_now() override { return inner_->sync_now(); }
  void keep() noexcept override { inner_->keep(); }
  chi::Error explain(chi::Error why) const override { return inner_->explain(std::move(why)); }
  chi::Status check_blank() override { return inner_->check_blank(); }

 protected:
  Backend& inner() noexcept { return *inner_; }
  const LayerSpec& spec() const noexcept { return spec_; }

 private:
  std::unique_ptr<Backend> inner_;
  LayerSpec spec_;
};

// A wait that is cut short, because nobody waits for the caller any more, changes nothing but the time.
class DelayBackend final : public LayerBackend {
 public:
  using LayerBackend::LayerBackend;

  Transfer read(chi::Buffer into, std::uint64_t offset) override {
    (void)co_await pause();
    co_return co_await inner().read(std::move(into), offset);
  }
  Transfer write(chi::Buffer from, std::uint64_t offset) override {
    (void)co_await pause();
    co_return co_await inner().write(std::move(from), offset);
  }
  chi::Task<chi::Status> sync() override {
    (void)co_await pause();
    co_return co_await inner().sync();
  }
  chi::Task<chi::Status> zero(Range range, bool release) override {
    (void)co_await pause();
    co_return co_await inner().zero(range, release);
  }

 private:
  chi::Pending<void> pause() const { return chi::sleep_for(std::chrono::microseconds(spec().number)); }
};

class ErrorBackend final : public LayerBackend {
 public:
  using LayerBackend::LayerBackend;

  Transfer read(chi::Buffer into, std::uint64_t offset) override {
    if (strikes()) co_return failure();
    co_return co_await inner().read(std::move(into), offset);
  }
  Transfer write(chi::Buffer from, std::uint64_t offset) override {
    if (strikes()) co_return failure();
    co_return co_await inner().write(std::move(from), offset);
  }
  chi::Task<chi::Status> sync() override {
    if (strikes()) co_return failure();
    co_return co_await inner().sync();
  }
  chi::Task<chi::Status> zero(Range range, bool release) override {
    if (strikes()) co_return failure();
    co_return co_await inner().zero(range, release);
  }

 private:
  bool strikes() noexcept {
    ++operations_;
    return spec().lasting ? operations_ >= spec().number : operations_ == spec().number;
  }
  static chi::Error failure() { return chi::detail::error_of_errno(EIO); }

  std::uint64_t operations_ = 0;
};

class ShortBackend final : public LayerBackend {
 public:
  using LayerBackend::LayerBackend;

  Transfer read(chi::Buffer into, std::uint64_t offset) override { return inner().read(part(into), offset); }
  Transfer write(chi::Buffer from, std::uint64_t offset) override { return inner().write(part(from), offset); }

 private:
  chi::Buffer part(const chi::Buffer& all) noexcept {
    const std::uint64_t unit = info().alignment;
    const std::uint64_t half = all.size() / 2 / unit * unit;
    return ++operations_ % spec().number == 0 && half > 0 ? all.slice(0, half) : all;
  }

  std::uint64_t operations_ = 0;
};

}  // namespace

std::unique_ptr<Backend> add_layer(std::unique_ptr<Backend> inner, const LayerSpec& layer) {
  switch (layer.kind) {
    case LayerSpec::Kind::delay:
      return std::make_unique<DelayBackend>(std::move(inner), layer);
    case LayerSpec::Kind::error:
      return std::make_unique<ErrorBackend>(std::move(inner), layer);
    case LayerSpec::Kind::short_transfer:
      return std::make_unique<ShortBackend>(std::move(inner), layer);
  }
  return inner;
}

chi::Result<std::unique_ptr<Backend>> open_backend(const BackendSpec& spec, const Outside& outside) {
  std::unique_ptr<Backend> out;
  if (spec.kind == BackendSpec::Kind::ram) {
    out = make_ram(spec);
  } else {
    chi::Result<std::unique_ptr<Backend>> opened = open_file(spec, outside);
    if (!opened.ok()) return opened;
    out = *std::move(opened);
  }
  for (auto layer = spec.layers.rbegin(); layer != spec.layers.rend(); ++layer) out = add_layer(std::move(out), *layer);
  return out;
}

}  // namespace bdev
